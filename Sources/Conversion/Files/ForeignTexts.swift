import CForeignFormats
import GoogLeNet

/// The texts of a serialized protobuf message.
enum ForeignTexts {
  private typealias Descriptor = UnsafePointer<ProtobufCMessageDescriptor>

  /// - Parameter descriptor: of the message that is all of `file`, which must be well-formed.
  /// - Throws: `invalidModel` where a text contains a zero byte: protobuf-c hands out C strings, which end there.
  static func check(_ file: InputFile, _ descriptor: UnsafePointer<ProtobufCMessageDescriptor>?) throws(GoogLeNetError)
  {
    guard let descriptor else { return }
    var open: [(descriptor: Descriptor, end: Int)] = [(descriptor, file.bytes.count)]
    var cursor = 0
    while let (descriptor, end) = open.last {
      guard cursor < end, let tag = ProtobufMessage.varint(file.bytes, &cursor, end: end) else {
        cursor = end
        open.removeLast()
        continue
      }
      var length = 0
      switch ProtobufMessage.WireType(rawValue: tag & 7) {
      case .varint?: _ = ProtobufMessage.varint(file.bytes, &cursor, end: end)
      case .fixed64?: length = 8
      case .fixed32?: length = 4
      case .content?: length = Int(clamping: ProtobufMessage.varint(file.bytes, &cursor, end: end) ?? 0)
      case nil: length = end - cursor
      }
      let next = cursor + min(length, end - cursor)
      guard tag & 7 == ProtobufMessage.WireType.content.rawValue,
        let field = protobuf_c_message_descriptor_get_field(descriptor, UInt32(truncatingIfNeeded: tag >> 3))?.pointee
      else {
        cursor = next
        continue
      }
      switch field.type {
      case PROTOBUF_C_TYPE_MESSAGE:
        guard let inner = field.descriptor?.assumingMemoryBound(to: ProtobufCMessageDescriptor.self) else { break }
        open.append((inner, next))
        continue
      case PROTOBUF_C_TYPE_STRING:
        if let place = file.bytes[cursor..<next].firstIndex(of: 0) {
          throw file.invalid(
            "the text '\(shown(file.bytes[cursor..<next]))' (\(String(cString: field.name)) at byte \(cursor)) contains a "
              + "zero byte at byte \(place): names cannot")
        }
      default: break
      }
      cursor = next
    }
  }

  /// The start of a text, its zero bytes made visible.
  private static func shown(_ text: Slice<UnsafeRawBufferPointer>) -> String {
    String(decoding: text.prefix(100), as: UTF8.self).split(separator: "\0", omittingEmptySubsequences: false)
      .joined(separator: "\\0")
  }
}
