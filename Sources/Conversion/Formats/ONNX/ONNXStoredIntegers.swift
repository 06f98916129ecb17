/// Integers of 8 or 16 bits as they lie in a file, where arrays of them would take eight times as much.
struct ONNXStoredIntegers {
  let type: ONNXElementType
  let count: Int
  /// `count` values, which outlive this.
  private let bytes: UnsafeRawBufferPointer

  /// nil for other types.
  init?(_ bytes: UnsafeRawBufferPointer, _ type: ONNXElementType, count: Int) {
    guard type.quantizedRange != nil else { return nil }
    self.type = type
    self.count = count
    self.bytes = bytes
  }

  subscript(index: Int) -> Int {
    switch type {
    case .int8: Int(Int8(bitPattern: bytes[index]))
    case .int16: Int(Int16(littleEndian: bytes.loadUnaligned(fromByteOffset: 2 * index, as: Int16.self)))
    case .uint16: Int(UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self)))
    default: Int(bytes[index])
    }
  }
}
