/// The outermost structure of a model file: where its checksum, its weights and everything else lie.
/// The weights are found by hand, so that they are read in place instead of being copied by protobuf-c.
struct ModelFileLayout {
  /// Field numbers of googlenet.Model, from googlenet.proto.
  private enum Field {
    static let formatMajor: UInt64 = 1
    static let checksum: UInt64 = 14
    static let weights: UInt64 = 15
    static let padding: UInt64 = 16
  }

  private(set) var formatMajor: UInt64?
  private(set) var checksum: UInt64?
  private(set) var weights = UnsafeRawBufferPointer(start: nil, count: 0)
  /// The bytes of the file that are neither weights nor padding nor checksum, for protobuf-c.
  private(set) var header: [UInt8] = []
  /// XXH64 of all fields but the checksum.
  let digest: UInt64

  private static let headerLimit = 64 << 20

  /// - Throws: `invalidModel` where the bytes are not a sequence of protobuf fields.
  init(_ bytes: UnsafeRawBufferPointer, source: String, owner: MemoryBlock) throws(GoogLeNetError) {
    var cursor = 0
    var hash = XXHash64()
    var weightsSeen = false
    while cursor < bytes.count {
      let start = cursor
      let tag = try ModelFileLayout.varint(bytes, &cursor, source)
      let number = tag >> 3
      var length: UInt64
      switch tag & 7 {
      case 0:
        let value = try ModelFileLayout.varint(bytes, &cursor, source)
        if number == Field.formatMajor { formatMajor = value }
        length = 0
      case 1: length = 8
      case 2: length = try ModelFileLayout.varint(bytes, &cursor, source)
      case 5: length = 4
      default: throw ModelFileLayout.malformed(source, "an unknown field type at byte \(start)")
      }
      guard number > 0, length <= UInt64(bytes.count - cursor) else {
        throw ModelFileLayout.malformed(
          source, "the field at byte \(start) has \(length) bytes but only \(bytes.count - cursor) follow: truncated?")
      }
      let payload = UnsafeRawBufferPointer(rebasing: bytes[cursor..<cursor + Int(length)])
      cursor += Int(length)
      if number == Field.checksum {
        guard tag & 7 == 1, checksum == nil else {
          throw ModelFileLayout.malformed(source, "a wrong or second checksum at byte \(start)")
        }
        checksum = UInt64(littleEndian: payload.loadUnaligned(as: UInt64.self))
        continue
      }
      let field = UnsafeRawBufferPointer(rebasing: bytes[start..<cursor])
      // In pieces, so that hashing a large file leaves few of its pages in memory.
      var piece = 0
      while piece < field.count {
        let end = min(piece + (1 << 20), field.count)
        let part = UnsafeRawBufferPointer(rebasing: field[piece..<end])
        hash.update(part)
        owner.dropPages(of: part)
        piece = end
      }
      if number == Field.weights {
        guard tag & 7 == 2, !weightsSeen else {
          throw ModelFileLayout.malformed(source, "a wrong or second weights field at byte \(start)")
        }
        weightsSeen = true
        weights = payload
      } else if number != Field.padding {
        guard header.count + field.count <= ModelFileLayout.headerLimit else {
          throw ModelFileLayout.malformed(
            source, "more than \(ModelFileLayout.headerLimit) bytes outside the weights field")
        }
        header.append(contentsOf: field)
      }
    }
    digest = hash.digest
  }

  private static func malformed(_ source: String, _ what: String) -> GoogLeNetError {
    GoogLeNetError(.invalidModel, "\(source) is not a valid model file: \(what)")
  }

  private static func varint(_ bytes: UnsafeRawBufferPointer, _ cursor: inout Int, _ source: String)
    throws(GoogLeNetError) -> UInt64
  {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while cursor < bytes.count, shift < 64 {
      let byte = bytes[cursor]
      cursor += 1
      value |= UInt64(byte & 0x7F) << shift
      if byte & 0x80 == 0 { return value }
      shift += 7
    }
    throw malformed(source, "a broken number at byte \(cursor)")
  }
}
