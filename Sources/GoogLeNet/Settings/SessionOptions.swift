import CPlatform

/// How a session is to run; the meaning of each value stands at its setter in include/googlenet.h.
public struct SessionOptions {
  /// A caller's allocator.
  public struct Allocator {
    public let allocate: @convention(c) (UnsafeMutableRawPointer?, Int, Int) -> UnsafeMutableRawPointer?
    public let release: @convention(c) (UnsafeMutableRawPointer?, UnsafeMutableRawPointer?, Int) -> Void
    public let context: UnsafeMutableRawPointer?
  }

  /// A caller's receiver of log lines.
  public struct Log {
    public let receive: @convention(c) (UnsafeMutableRawPointer?, UnsafePointer<CChar>?) -> Void
    public let context: UnsafeMutableRawPointer?
  }

  /// A caller who wants to know how far a call is, and may stop it.
  public struct Progress {
    public let report: @convention(c) (UnsafeMutableRawPointer?, Int, Int) -> Int32
    public let context: UnsafeMutableRawPointer?

    /// Tells that `done` of `total` images have been answered.
    /// - Returns: whether the caller wants the call to stop.
    func stops(done: Int, of total: Int) -> Bool {
      gln_host_begin()
      defer { gln_host_end() }
      return report(context, done, total) != 0
    }
  }

  /// 1 to `ThreadTeam.threadLimit`; 0 for all of the `team`, or else for the allowed CPUs.
  public var threads = 0
  /// Threads that it shares with other sessions; nil for its own.
  public var team: ThreadTeam?
  public var maxISA = ISA.best
  public var backend = Backend.native
  public var algorithm = Algorithm.auto
  public var precision = Precision.auto
  /// 0 for the model's own.
  public var inputHeight = 0
  public var inputWidth = 0
  /// Of its own threads.
  public var spinMicroseconds = ThreadTeam.defaultSpinMicroseconds
  /// The most bytes that a session may take: packed weights, even where other sessions share them, activations, scratch and
  /// pixels, of all its plans together.
  public var memoryLimit = SessionOptions.defaultMemoryLimit
  public var allocator: Allocator?
  public var log: Log?
  public var progress: Progress?
  public var parallelFor: ParallelFor?

  public static let defaultMemoryLimit: UInt64 = 2 << 30
  public static let inputSizeLimit = 8192

  public init() {}
}
