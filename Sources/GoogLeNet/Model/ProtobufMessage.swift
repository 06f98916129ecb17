/// A serialized protobuf message within a file, read field by field in place. Takes no memory, whatever the message says.
public struct ProtobufMessage {
  /// Where a field lies and what it says.
  public struct Field {
    public let number: UInt64
    public let type: WireType
    /// Of its tag, counted from the start of the file.
    let start: Int
    /// A number's bits; 0 for content.
    let bits: UInt64
    /// Where the content lies in the file; empty for numbers.
    let content: Range<Int>
  }

  public enum WireType: UInt64 {
    case varint = 0
    case fixed64 = 1
    case content = 2
    case fixed32 = 5
  }

  private let file: UnsafeRawBufferPointer
  /// Where the next field begins.
  private(set) var cursor: Int
  private let end: Int
  /// How errors begin.
  private let refusal: String

  /// - Parameter refusal: how errors begin, as "'x.gln' is not a valid model file".
  public init(_ file: UnsafeRawBufferPointer, refusal: String) {
    self.init(file, 0..<file.count, refusal: refusal)
  }

  private init(_ file: UnsafeRawBufferPointer, _ range: Range<Int>, refusal: String) {
    self.file = file
    cursor = range.lowerBound
    end = range.upperBound
    self.refusal = refusal
  }

  /// The next field; nil at the end.
  /// - Throws: `invalidModel` where the bytes are no field.
  @inline(__always)
  public mutating func next() throws(GoogLeNetError) -> Field? {
    guard cursor < end else { return nil }
    // Most are small numbers: a byte of tag, a byte of value.
    if end - cursor >= 2, file[cursor] & 0x87 == 0, file[cursor] >= 8, file[cursor + 1] < 0x80 {
      cursor += 2
      return Field(
        number: UInt64(file[cursor - 2] >> 3), type: .varint, start: cursor - 2, bits: UInt64(file[cursor - 1]),
        content: cursor..<cursor)
    }
    return try nextOfAnyLength()
  }

  @inline(never)
  private mutating func nextOfAnyLength() throws(GoogLeNetError) -> Field {
    let start = cursor
    let tag = try varint()
    let number = tag >> 3
    guard number > 0, number < 1 << 29, let type = WireType(rawValue: tag & 7) else {
      throw malformed("an unknown field type at byte \(start)")
    }
    if type == .varint {
      let bits = try varint()
      return Field(number: number, type: type, start: start, bits: bits, content: cursor..<cursor)
    }
    let length: UInt64 =
      switch type {
      case .fixed32: 4
      case .fixed64: 8
      default: try varint()
      }
    guard length <= UInt64(end - cursor) else {
      throw malformed("the field at byte \(start) has \(length) bytes but only \(end - cursor) follow: truncated?")
    }
    let first = cursor
    cursor += Int(length)
    switch type {
    case .fixed32:
      return Field(number: number, type: type, start: start, bits: UInt64(load32(first)), content: cursor..<cursor)
    case .fixed64:
      let bits = UInt64(littleEndian: file.loadUnaligned(fromByteOffset: first, as: UInt64.self))
      return Field(number: number, type: type, start: start, bits: bits, content: cursor..<cursor)
    default: return Field(number: number, type: type, start: start, bits: 0, content: first..<cursor)
    }
  }

  private mutating func varint() throws(GoogLeNetError) -> UInt64 {
    guard let value = ProtobufMessage.varint(file, &cursor, end: end) else {
      throw malformed("a broken number at byte \(cursor)")
    }
    return value
  }

  /// A number in protobuf's encoding of variable length, and the cursor behind it; nil where it is cut off or too long.
  @inline(__always)
  public static func varint(_ bytes: UnsafeRawBufferPointer, _ cursor: inout Int, end: Int) -> UInt64? {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while cursor < end, shift < 64 {
      let byte = bytes[cursor]
      cursor += 1
      value |= UInt64(byte & 0x7F) << shift
      if byte & 0x80 == 0 { return value }
      shift += 7
    }
    return nil
  }

  private func load32(_ offset: Int) -> UInt32 {
    UInt32(littleEndian: file.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }

  // MARK: What fields hold

  /// Of the fields uint64, uint32, bool and enum.
  func number(_ field: Field) throws(GoogLeNetError) -> UInt64 {
    guard field.type == .varint else { throw wrongType(field) }
    return field.bits
  }

  /// As protobuf says, numbers of 32 bits are the lower half of what is stored.
  func number32(_ field: Field) throws(GoogLeNetError) -> UInt32 { UInt32(truncatingIfNeeded: try number(field)) }

  func fixed64(_ field: Field) throws(GoogLeNetError) -> UInt64 {
    guard field.type == .fixed64 else { throw wrongType(field) }
    return field.bits
  }

  func float(_ field: Field) throws(GoogLeNetError) -> Float {
    guard field.type == .fixed32 else { throw wrongType(field) }
    return Float(bitPattern: UInt32(truncatingIfNeeded: field.bits))
  }

  func content(_ field: Field) throws(GoogLeNetError) -> UnsafeRawBufferPointer {
    guard field.type == .content else { throw wrongType(field) }
    return UnsafeRawBufferPointer(rebasing: file[field.content])
  }

  /// The message that a field holds.
  /// - Throws: `invalidModel` where it holds a number.
  public func message(_ field: Field) throws(GoogLeNetError) -> ProtobufMessage {
    guard field.type == .content else { throw wrongType(field) }
    return ProtobufMessage(file, field.content, refusal: refusal)
  }

  /// Adds the values of a repeated field, packed or single.
  /// - Parameter limit: how many `values` may hold.
  func append(_ field: Field, to values: inout [Float], limit: Int) throws(GoogLeNetError) {
    if field.type == .fixed32 {
      guard values.count < limit else { throw tooMany(field, limit) }
      values.append(try float(field))
      return
    }
    guard field.type == .content, field.content.count % 4 == 0 else { throw wrongType(field) }
    let count = field.content.count / 4
    guard count <= limit - values.count else { throw tooMany(field, limit) }
    values.reserveCapacity(values.count + count)
    for index in 0..<count { values.append(Float(bitPattern: load32(field.content.lowerBound + 4 * index))) }
  }

  /// Adds the values of a repeated uint32 field, packed or single.
  func append(_ field: Field, to values: inout [Int], limit: Int) throws(GoogLeNetError) {
    if field.type == .varint {
      guard values.count < limit else { throw tooMany(field, limit) }
      values.append(Int(try number32(field)))
      return
    }
    var packed = try message(field)
    while packed.cursor < packed.end {
      guard values.count < limit else { throw tooMany(field, limit) }
      values.append(Int(UInt32(truncatingIfNeeded: try packed.varint())))
    }
  }

  // MARK: Errors

  /// The error that says what is wrong with the file.
  @inline(never)
  public func malformed(_ what: String) -> GoogLeNetError {
    GoogLeNetError(.invalidModel, "\(refusal): \(what)")
  }

  @inline(never)
  func wrongType(_ field: Field) -> GoogLeNetError {
    malformed("field \(field.number) at byte \(field.start) is not of the type that it should have")
  }

  @inline(never)
  private func tooMany(_ field: Field, _ limit: Int) -> GoogLeNetError {
    malformed("field \(field.number) at byte \(field.start) has more than the \(limit) values that are supported")
  }
}
