/// The few bytes of protobuf's encoding that are written by hand, where generated code would copy large fields.
enum ProtobufEncoding {
  enum WireType: UInt64 {
    case fixed64 = 1
    case lengthDelimited = 2
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
}
