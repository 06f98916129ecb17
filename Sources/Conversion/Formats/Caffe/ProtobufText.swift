import CForeignFormats
import GoogLeNet

/// Reads protobuf's text format (`.prototxt`) by the generated descriptors, and writes the same message in binary, so
/// that one importer serves both. Fields that the descriptors do not have are skipped.
struct ProtobufText {
  private let bytes: UnsafeRawBufferPointer
  private let name: String
  private var cursor = 0
  private var line = 1

  private static let depthLimit = 100
  private static let sizeLimit = 64 << 20

  /// The binary form of a Caffe NetParameter.
  static func netParameter(_ bytes: UnsafeRawBufferPointer, name: String) throws(GoogLeNetError) -> [UInt8] {
    var parser = ProtobufText(bytes: bytes, name: name)
    guard bytes.count <= sizeLimit else { throw parser.fault("it has \(bytes.count) bytes: at most 64 MiB are read") }
    var message = Caffe__NetParameter()
    caffe__net_parameter__init(&message)
    return try parser.message(message.base.descriptor, depth: 0, closedBy: nil)
  }

  private init(bytes: UnsafeRawBufferPointer, name: String) {
    self.bytes = bytes
    self.name = name
  }

  // MARK: - Grammar

  private enum Token: Equatable {
    case end
    case symbol(UInt8)
    /// A name, number or keyword.
    case word(String)
    case string([UInt8])
  }

  private typealias Descriptor = UnsafePointer<ProtobufCMessageDescriptor>

  private mutating func message(_ descriptor: Descriptor?, depth: Int, closedBy close: UInt8?) throws(GoogLeNetError)
    -> [UInt8]
  {
    guard depth <= ProtobufText.depthLimit else { throw fault("messages are nested more than 100 deep") }
    var output: [UInt8] = []
    while true {
      switch try next() {
      case .end:
        guard close == nil else { throw fault("a message is not closed") }
        return output
      case .symbol(let symbol) where symbol == close: return output
      case .symbol(UInt8(ascii: ",")), .symbol(UInt8(ascii: ";")): continue
      case .word(let field): try self.field(field, of: descriptor, depth: depth, to: &output)
      case let token: throw fault("a field's name is expected, not \(describe(token))")
      }
    }
  }

  private mutating func field(_ name: String, of descriptor: Descriptor?, depth: Int, to output: inout [UInt8])
    throws(GoogLeNetError)
  {
    let field = descriptor.flatMap { protobuf_c_message_descriptor_get_field_by_name($0, name) }
    var token = try next()
    let hasColon = token == .symbol(UInt8(ascii: ":"))
    if hasColon { token = try next() }
    if token == .symbol(UInt8(ascii: "[")) {
      var first = true
      while true {
        token = try next()
        if first && token == .symbol(UInt8(ascii: "]")) { return }
        first = false
        try value(token, of: field, name, depth: depth, to: &output)
        token = try next()
        if token == .symbol(UInt8(ascii: "]")) { return }
        guard token == .symbol(UInt8(ascii: ",")) else {
          throw fault("',' or ']' is expected in the list of '\(name)'")
        }
      }
    }
    guard hasColon || token == .symbol(UInt8(ascii: "{")) || token == .symbol(UInt8(ascii: "<")) else {
      throw fault("':' is expected after '\(name)', not \(describe(token))")
    }
    try value(token, of: field, name, depth: depth, to: &output)
  }

  private mutating func value(
    _ token: Token, of field: UnsafePointer<ProtobufCFieldDescriptor>?, _ name: String, depth: Int,
    to output: inout [UInt8]
  ) throws(GoogLeNetError) {
    let descriptor = field?.pointee
    let isMessage = descriptor.map { $0.type == PROTOBUF_C_TYPE_MESSAGE }
    switch token {
    case .symbol(let open) where open == UInt8(ascii: "{") || open == UInt8(ascii: "<"):
      guard isMessage != false else { throw fault("'\(name)' is a value, not a message") }
      let inner = descriptor?.descriptor?.assumingMemoryBound(to: ProtobufCMessageDescriptor.self)
      let close = open == UInt8(ascii: "{") ? UInt8(ascii: "}") : UInt8(ascii: ">")
      let payload = try message(inner, depth: depth + 1, closedBy: close)
      if let descriptor { append(descriptor.id, payload, to: &output) }
    case .string(var text):
      // Adjacent strings are one.
      while case .string(let more)? = try peek() {
        _ = try next()
        text += more
      }
      guard let descriptor else { return }
      guard descriptor.type == PROTOBUF_C_TYPE_STRING else { throw fault("'\(name)' is not a text") }
      append(descriptor.id, text, to: &output)
    case .word(let word):
      guard let descriptor else { return }
      guard isMessage != true else { throw fault("'\(name)' is a message: '{' is expected") }
      try scalar(word, descriptor, name, to: &output)
    default: throw fault("a value of '\(name)' is expected, not \(describe(token))")
    }
  }

  private func scalar(
    _ word: String, _ field: ProtobufCFieldDescriptor, _ name: String, to output: inout [UInt8]
  ) throws(GoogLeNetError) {
    let number: UInt64
    switch field.type {
    case PROTOBUF_C_TYPE_FLOAT, PROTOBUF_C_TYPE_DOUBLE:
      guard let value = ProtobufText.number(word) else { throw fault("'\(word)' is not a number, which '\(name)' is") }
      if field.type == PROTOBUF_C_TYPE_FLOAT {
        append(varint: UInt64(field.id) << 3 | 5, to: &output)
        withUnsafeBytes(of: Float(value).bitPattern.littleEndian) { output.append(contentsOf: $0) }
      } else {
        append(varint: UInt64(field.id) << 3 | 1, to: &output)
        withUnsafeBytes(of: value.bitPattern.littleEndian) { output.append(contentsOf: $0) }
      }
      return
    case PROTOBUF_C_TYPE_BOOL:
      switch word {
      case "true", "True", "t", "1": number = 1
      case "false", "False", "f", "0": number = 0
      default: throw fault("'\(name)' is true or false, not '\(word)'")
      }
    case PROTOBUF_C_TYPE_ENUM:
      let descriptor = field.descriptor?.assumingMemoryBound(to: ProtobufCEnumDescriptor.self)
      if let value = protobuf_c_enum_descriptor_get_value_by_name(descriptor, word) {
        number = UInt64(bitPattern: Int64(value.pointee.value))
      } else if let value = Int32(word) {
        number = UInt64(bitPattern: Int64(value))
      } else {
        throw fault("'\(name)' cannot be '\(word)'")
      }
    case PROTOBUF_C_TYPE_UINT32:
      guard let value = ProtobufText.integer(word), let small = UInt32(exactly: value) else {
        throw fault("'\(name)' is a number of at least 0, not '\(word)'")
      }
      number = UInt64(small)
    case PROTOBUF_C_TYPE_INT32:
      guard let value = ProtobufText.integer(word), let small = Int32(exactly: value) else {
        throw fault("'\(name)' is a whole number, not '\(word)'")
      }
      number = UInt64(bitPattern: Int64(small))
    case PROTOBUF_C_TYPE_INT64:
      guard let value = ProtobufText.integer(word) else { throw fault("'\(name)' is a whole number, not '\(word)'") }
      number = UInt64(bitPattern: value)
    default: throw fault("'\(name)' cannot be '\(word)'")
    }
    append(varint: UInt64(field.id) << 3, to: &output)
    append(varint: number, to: &output)
  }

  private static func integer(_ word: String) -> Int64? {
    let negative = word.hasPrefix("-")
    let digits = negative ? word.dropFirst() : word[...]
    let isHexadecimal = digits.hasPrefix("0x") || digits.hasPrefix("0X")
    guard let value = isHexadecimal ? Int64(digits.dropFirst(2), radix: 16) : Int64(digits), value >= 0 else {
      return nil
    }
    return negative ? -value : value
  }

  private static func number(_ word: String) -> Double? {
    if word.hasSuffix("f") || word.hasSuffix("F"), let value = Double(word.dropLast()) { return value }
    return Double(word)
  }

  // MARK: - Output

  private func append(varint value: UInt64, to output: inout [UInt8]) {
    var rest = value
    while rest >= 0x80 {
      output.append(UInt8(rest & 0x7F) | 0x80)
      rest >>= 7
    }
    output.append(UInt8(rest))
  }

  private func append(_ id: UInt32, _ payload: [UInt8], to output: inout [UInt8]) {
    append(varint: UInt64(id) << 3 | 2, to: &output)
    append(varint: UInt64(payload.count), to: &output)
    output += payload
  }

  // MARK: - Tokens

  private mutating func peek() throws(GoogLeNetError) -> Token? {
    let place = (cursor, line)
    let token = try next()
    (cursor, line) = place
    return token
  }

  private mutating func next() throws(GoogLeNetError) -> Token {
    skipSpace()
    guard cursor < bytes.count else { return .end }
    let byte = bytes[cursor]
    if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") { return .string(try string(closedBy: byte)) }
    guard ProtobufText.isWord(byte) else {
      cursor += 1
      return .symbol(byte)
    }
    let start = cursor
    while cursor < bytes.count, ProtobufText.isWord(bytes[cursor]) { cursor += 1 }
    return .word(String(decoding: bytes[start..<cursor], as: UTF8.self))
  }

  private mutating func skipSpace() {
    while cursor < bytes.count {
      switch bytes[cursor] {
      case UInt8(ascii: "\n"):
        line += 1
        cursor += 1
      case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"): cursor += 1
      case UInt8(ascii: "#"):
        while cursor < bytes.count, bytes[cursor] != UInt8(ascii: "\n") { cursor += 1 }
      default: return
      }
    }
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "+"),
      UInt8(ascii: "."):
      true
    default: false
    }
  }

  private mutating func string(closedBy quote: UInt8) throws(GoogLeNetError) -> [UInt8] {
    var text: [UInt8] = []
    cursor += 1
    while cursor < bytes.count {
      let byte = bytes[cursor]
      cursor += 1
      switch byte {
      case quote: return text
      case UInt8(ascii: "\n"): throw fault("a text is not closed")
      case UInt8(ascii: "\\"):
        guard cursor < bytes.count else { throw fault("a text is not closed") }
        let escaped = bytes[cursor]
        cursor += 1
        switch escaped {
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "\\"), UInt8(ascii: "'"), UInt8(ascii: "\""): text.append(escaped)
        default: throw fault("an unknown escape in a text")
        }
      default: text.append(byte)
      }
    }
    throw fault("a text is not closed")
  }

  private func describe(_ token: Token) -> String {
    switch token {
    case .end: "the end"
    case .symbol(let symbol): "'\(String(decoding: [symbol], as: UTF8.self))'"
    case .word(let word): "'\(word)'"
    case .string: "a text"
    }
  }

  private func fault(_ what: String) -> GoogLeNetError {
    GoogLeNetError(.invalidModel, "'\(name)', line \(line): \(what)")
  }
}
