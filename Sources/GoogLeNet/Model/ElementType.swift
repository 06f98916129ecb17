/// How a tensor's values are stored; the values are those of googlenet.proto.
public enum ElementType: UInt32, Sendable {
  case float32 = 0
  case float16 = 1
  /// A signed byte, to be multiplied by the scale of its index along the first dimension.
  case int8 = 2

  /// Bytes a value.
  public var size: Int {
    switch self {
    case .float32: 4
    case .float16: 2
    case .int8: 1
    }
  }
}
