/// Serializes protobuf messages field by field, independently of the generated code under test.
struct WireWriter {
  private(set) var bytes: [UInt8] = []

  init(_ build: (inout WireWriter) -> Void = { _ in }) { build(&self) }

  private mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(rest & 0x7F) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  mutating func number(_ field: UInt64, _ value: Int) {
    varint(field << 3)
    varint(UInt64(bitPattern: Int64(value)))
  }

  mutating func float(_ field: UInt64, _ value: Float) {
    varint(field << 3 | 5)
    withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
  }

  mutating func data(_ field: UInt64, _ value: [UInt8]) {
    varint(field << 3 | 2)
    varint(UInt64(value.count))
    bytes += value
  }

  mutating func text(_ field: UInt64, _ value: String) { data(field, [UInt8](value.utf8)) }

  mutating func message(_ field: UInt64, _ build: (inout WireWriter) -> Void) { data(field, WireWriter(build).bytes) }

  mutating func packedFloats(_ field: UInt64, _ values: [Float]) { data(field, littleEndian(values)) }

  mutating func packedNumbers(_ field: UInt64, _ values: [Int]) {
    var inner = WireWriter()
    for value in values { inner.varint(UInt64(bitPattern: Int64(value))) }
    data(field, inner.bytes)
  }
}

func littleEndian(_ values: [Float]) -> [UInt8] {
  values.flatMap { value in withUnsafeBytes(of: value.bitPattern.littleEndian) { [UInt8]($0) } }
}
