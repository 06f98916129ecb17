/// The top-level fields of a serialized protobuf message, found without a schema.
struct ProtobufFields {
  struct Field {
    let number: UInt64
    /// 0 varint, 1 fixed 64, 2 length-delimited, 5 fixed 32.
    let wireType: UInt8
    /// Of what follows tag and length.
    let payload: Range<Int>
  }

  private(set) var fields: [Field] = []
  /// What breaks the sequence of fields, nil where it reaches the end.
  private(set) var fault: String?

  /// - Parameter limit: stops after so many fields.
  init(_ bytes: UnsafeRawBufferPointer, limit: Int = .max) {
    var cursor = 0
    while cursor < bytes.count, fields.count < limit {
      let start = cursor
      guard let tag = ProtobufFields.varint(bytes, &cursor), tag >> 3 > 0, tag >> 3 < 1 << 29 else {
        fault = "no field begins at byte \(start)"
        return
      }
      let wireType = UInt8(tag & 7)
      var length: UInt64 = 0
      let valueStart = cursor
      switch wireType {
      case 0:
        guard ProtobufFields.varint(bytes, &cursor) != nil else {
          fault = "the number at byte \(valueStart) is broken or cut off"
          return
        }
        fields.append(Field(number: tag >> 3, wireType: 0, payload: valueStart..<cursor))
        continue
      case 1: length = 8
      case 5: length = 4
      case 2:
        guard let found = ProtobufFields.varint(bytes, &cursor) else {
          fault = "the length at byte \(valueStart) is broken or cut off"
          return
        }
        length = found
      default:
        fault = "the field at byte \(start) has the unknown type \(wireType)"
        return
      }
      guard length <= UInt64(bytes.count - cursor) else {
        fault = "the field at byte \(start) has \(length) bytes, but only \(bytes.count - cursor) follow: truncated?"
        return
      }
      fields.append(Field(number: tag >> 3, wireType: wireType, payload: cursor..<cursor + Int(length)))
      cursor += Int(length)
    }
  }

  func contains(_ number: UInt64, wireType: UInt8) -> Bool {
    fields.contains { $0.number == number && $0.wireType == wireType }
  }

  static func varint(_ bytes: UnsafeRawBufferPointer, _ cursor: inout Int) -> UInt64? {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while cursor < bytes.count, shift < 64 {
      let byte = bytes[cursor]
      cursor += 1
      value |= UInt64(byte & 0x7F) << shift
      if byte & 0x80 == 0 { return value }
      shift += 7
    }
    return nil
  }
}
