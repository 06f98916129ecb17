/// A caller's threads; what they must do stands at `gln_session_options_set_parallel_for` in include/googlenet.h.
public struct ParallelFor {
  public typealias Work = @convention(c) (UnsafeMutableRawPointer?, Int) -> Void
  public let run: @convention(c) (UnsafeMutableRawPointer?, Int, Work?, UnsafeMutableRawPointer?) -> Void
  public let context: UnsafeMutableRawPointer?
}
