import GoogLeNet

/// Protobuf's encoding of tags, lengths and numbers.
enum ProtobufEncoding {
  enum WireType: UInt64 {
    case varint = 0
    case fixed64 = 1
    case lengthDelimited = 2
    case fixed32 = 5
  }

  static func tag(_ field: UInt64, _ type: WireType) -> [UInt8] { varint(field << 3 | type.rawValue) }

  /// Tag and length of a field whose content follows.
  static func prefix(_ field: UInt64, length: Int) -> [UInt8] {
    tag(field, .lengthDelimited) + varint(UInt64(length))
  }

  static func varint(_ value: UInt64) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(rest & 0x7F) | 0x80)
      rest >>= 7
    }
    return bytes + [UInt8(rest)]
  }

  /// - Throws: `invalidModel` for a text with a zero byte: readers written in C would cut it there, and two names could become one.
  static func check(_ text: String) throws(GoogLeNetError) {
    guard !text.utf8.contains(0) else {
      let shown = text.split(separator: "\0", omittingEmptySubsequences: false).joined(separator: "\\0")
      throw GoogLeNetError(.invalidModel, "the text '\(shown)' contains a zero byte, which a model file cannot store")
    }
  }
}
