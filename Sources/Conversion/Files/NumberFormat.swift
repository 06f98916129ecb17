import GoogLeNet

/// How foreign tensors store numbers, little-endian.
enum NumberFormat {
  case float16
  case bfloat16
  case float32
  case float64
  case int8
  case uint8
  case int16
  case uint16
  case int32
  case int64
  case bool

  /// Bytes a number.
  var size: Int {
    switch self {
    case .int8, .uint8, .bool: 1
    case .float16, .bfloat16, .int16, .uint16: 2
    case .float32, .int32: 4
    case .float64, .int64: 8
    }
  }

  /// A constant of `count` numbers; `raw` must hold that many.
  func constant(_ raw: UnsafeRawBufferPointer, dims: [Int], count: Int, _ budget: ValueBudget) throws(GoogLeNetError)
    -> GraphConstant
  {
    isFloatingPoint
      ? try GraphConstant(dims: dims, format: self, count: count, of: Float.self, budget) { values(raw, count: count) }
      : try GraphConstant(dims: dims, format: self, count: count, of: Int.self, budget) { values(raw, count: count) }
  }

  var isFloatingPoint: Bool {
    switch self {
    case .float16, .bfloat16, .float32, .float64: true
    case .int8, .uint8, .int16, .uint16, .int32, .int64, .bool: false
    }
  }

  /// The integers that quantization makes; nil for formats of which it makes none.
  var quantizedRange: ClosedRange<Int>? {
    switch self {
    case .uint8: 0...255
    case .int8: -128...127
    case .uint16: 0...65535
    case .int16: -32768...32767
    default: nil
    }
  }

  /// The number at `index` of raw little-endian ones. The format must be floating-point and `index` within them.
  func float(_ raw: UnsafeRawBufferPointer, _ index: Int) -> Float {
    switch self {
    case .float32: Float(bitPattern: NumberFormat.integer(raw, index))
    case .float64: Float(Double(bitPattern: NumberFormat.integer(raw, index)))
    case .float16: Float(binary16: NumberFormat.integer(raw, index))
    case .bfloat16: Float(bfloat16: NumberFormat.integer(raw, index))
    case .int8, .uint8, .int16, .uint16, .int32, .int64, .bool: .nan
    }
  }

  private static func integer<Value: FixedWidthInteger>(_ raw: UnsafeRawBufferPointer, _ index: Int) -> Value {
    Value(littleEndian: raw.loadUnaligned(fromByteOffset: index * MemoryLayout<Value>.size, as: Value.self))
  }

  private func values(_ raw: UnsafeRawBufferPointer, count: Int) -> GraphConstant.Values {
    func integers<Value: FixedWidthInteger>(_ type: Value.Type) -> GraphConstant.Values {
      .integers((0..<count).map { Int(truncatingIfNeeded: NumberFormat.integer(raw, $0) as Value) })
    }
    switch self {
    case .float32, .float64, .float16, .bfloat16: return .floats((0..<count).map { float(raw, $0) })
    case .int64: return integers(Int64.self)
    case .int32: return integers(Int32.self)
    case .int16: return integers(Int16.self)
    case .uint16: return integers(UInt16.self)
    case .int8: return integers(Int8.self)
    case .uint8, .bool: return integers(UInt8.self)
    }
  }
}
