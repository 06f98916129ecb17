/// Images of exactly a session's input size, in the caller's memory.
public struct Batch {
  public enum Kind: Sendable {
    /// NHWC without gaps, 0 to 255; normalised by the session.
    case pixels(PixelFormat)
    /// NCHW float32, already normalised and in the network's own channel order.
    case tensors
  }

  public let kind: Kind
  public let data: UnsafeRawPointer
  public let count: Int

  public init(_ kind: Kind, data: UnsafeRawPointer?, count: Int) throws(GoogLeNetError) {
    guard let data else { throw GoogLeNetError(.invalidArgument, "batch.data is NULL") }
    guard count > 0 else { throw GoogLeNetError(.invalidArgument, "batch.count is \(count): at least 1 is needed") }
    self.kind = kind
    self.data = data
    self.count = count
  }
}
