/// How a tensor's values are stored; the values are those of googlenet.proto.
public enum ElementType: UInt32, Sendable {
  case float32 = 0
  case float16 = 1
  /// A signed byte, to be multiplied by the scale of its index along the first dimension.
  case int8 = 2
  /// As `int8` in 16 bits, -255 to 255: bytes less a zero point.
  case int16 = 3

  /// The numbers of `int16`. Of larger ones 32-bit sums would hold too few.
  public static let int16Range: ClosedRange<Int16> = -255...255

  /// Bytes a value.
  public var size: Int {
    switch self {
    case .float32: 4
    case .float16: 2
    case .int8: 1
    case .int16: 2
    }
  }

  /// Whether values are integers, to be multiplied by scales.
  public var isInteger: Bool { self == .int8 || self == .int16 }
}
