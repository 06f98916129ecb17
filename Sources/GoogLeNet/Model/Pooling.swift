/// The maximum or average over windows; see googlenet.proto for the meaning of each value.
public struct Pooling: Sendable {
  public enum Method: UInt32, Sendable {
    case max = 0
    case average = 1
  }

  public enum Rounding: UInt32, Sendable {
    case floor = 0
    case ceil = 1
  }

  public var method: Method
  public var global = false
  public var kernelHeight = 1
  public var kernelWidth = 1
  public var strideHeight = 1
  public var strideWidth = 1
  public var padding = Padding()
  public var rounding = Rounding.floor
  public var countIncludesPadding = false

  public init(_ method: Method) {
    self.method = method
  }
}
