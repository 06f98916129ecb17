import GoogLeNet

/// A protobuf message that is being serialized, as proto3 has it: numbers that are 0 and empty texts are left out.
struct MessageWriter {
  private(set) var bytes: [UInt8] = []

  mutating func number(_ field: Int, _ value: UInt32) {
    guard value != 0 else { return }
    append(field, .varint)
    bytes += ProtobufEncoding.varint(UInt64(value))
  }

  mutating func number64(_ field: Int, _ value: UInt64) {
    guard value != 0 else { return }
    append(field, .varint)
    bytes += ProtobufEncoding.varint(value)
  }

  mutating func fixed64(_ field: Int, _ value: UInt64) {
    guard value != 0 else { return }
    append(field, .fixed64)
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  mutating func float(_ field: Int, _ value: Float) {
    guard value != 0 else { return }
    append(field, .fixed32)
    append(value)
  }

  /// A repeated field.
  mutating func numbers(_ field: Int, _ values: [UInt32]) {
    guard !values.isEmpty else { return }
    let content = values.flatMap { ProtobufEncoding.varint(UInt64($0)) }
    message(field, content)
  }

  /// A repeated field.
  mutating func floats(_ field: Int, _ values: [Float]) {
    guard !values.isEmpty else { return }
    bytes += ProtobufEncoding.prefix(UInt64(field), length: 4 * values.count)
    for value in values { append(value) }
  }

  mutating func text(_ field: Int, _ text: String) throws(GoogLeNetError) {
    if !text.isEmpty { try texts(field, [text]) }
  }

  /// A repeated field.
  /// - Throws: `invalidModel` for a text that a model file cannot hold.
  mutating func texts(_ field: Int, _ texts: [String]) throws(GoogLeNetError) {
    for text in texts {
      try ProtobufEncoding.check(text)
      message(field, [UInt8](text.utf8))
    }
  }

  /// A message, or whatever has a length, however short.
  mutating func message(_ field: Int, _ content: [UInt8]) {
    bytes += ProtobufEncoding.prefix(UInt64(field), length: content.count)
    bytes += content
  }

  private mutating func append(_ field: Int, _ type: ProtobufEncoding.WireType) {
    bytes += ProtobufEncoding.tag(UInt64(field), type)
  }

  private mutating func append(_ value: Float) {
    withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
  }
}
