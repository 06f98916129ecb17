/// Integers of 8 or 16 bits as they lie in a file, where arrays of them would take eight times as much.
struct GraphStoredIntegers {
  private let format: NumberFormat
  let count: Int
  /// `count` values, which outlive this.
  private let bytes: UnsafeRawBufferPointer

  /// nil for other formats.
  init?(_ bytes: UnsafeRawBufferPointer, _ format: NumberFormat, count: Int) {
    guard format.quantizedRange != nil else { return nil }
    self.format = format
    self.count = count
    self.bytes = bytes
  }

  subscript(index: Int) -> Int {
    switch format {
    case .int8: Int(Int8(bitPattern: bytes[index]))
    case .int16: Int(Int16(littleEndian: bytes.loadUnaligned(fromByteOffset: 2 * index, as: Int16.self)))
    case .uint16: Int(UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self)))
    default: Int(bytes[index])
    }
  }
}
