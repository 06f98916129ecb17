/// A JSON text, parsed strictly (RFC 8259).
indirect enum JSONValue {
  case null
  case bool(Bool)
  case number(Double)
  /// A number written without fraction and exponent that fits.
  case integer(Int)
  case string(String)
  case array([JSONValue])
  /// In order; keys may not repeat.
  case object([(key: String, value: JSONValue)])

  /// What is wrong and at which byte.
  struct Fault: Error {
    let what: String
    let offset: Int
  }

  init(_ bytes: UnsafeRawBufferPointer) throws(Fault) {
    var parser = Parser(bytes: bytes)
    self = try parser.document()
  }

  subscript(key: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.key == key }?.value
  }

  var string: String? {
    if case .string(let value) = self { return value }
    return nil
  }

  var items: [JSONValue]? {
    if case .array(let items) = self { return items }
    return nil
  }

  /// Those of an object.
  var members: [String: JSONValue]? {
    guard case .object(let members) = self else { return nil }
    return [String: JSONValue](members.map { ($0.key, $0.value) }) { first, _ in first }
  }

  var isNull: Bool {
    if case .null = self { return true }
    return false
  }

  var double: Double? {
    switch self {
    case .number(let value): value
    case .integer(let value): Double(value)
    default: nil
    }
  }

  /// An array of whole numbers of at least 0.
  var sizes: [Int]? {
    guard case .array(let items) = self else { return nil }
    var result: [Int] = []
    for item in items {
      guard case .integer(let value) = item, value >= 0 else { return nil }
      result.append(value)
    }
    return result
  }

  private struct Parser {
    let bytes: UnsafeRawBufferPointer
    var cursor = 0

    static let depthLimit = 100
    /// Values take far more memory than the two bytes of the smallest; 65,536 labels with synset ids make 200,000.
    static let valueLimit = 250_000
    private var made = 0

    init(bytes: UnsafeRawBufferPointer) {
      self.bytes = bytes
    }

    func fault(_ what: String) -> Fault { Fault(what: what, offset: cursor) }

    mutating func document() throws(Fault) -> JSONValue {
      let value = try self.value(depth: 0)
      skipSpace()
      guard cursor == bytes.count else { throw fault("something follows the end") }
      return value
    }

    mutating func skipSpace() {
      while cursor < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[cursor]) { cursor += 1 }
    }

    mutating func accept(_ character: Unicode.Scalar) -> Bool {
      skipSpace()
      guard cursor < bytes.count, bytes[cursor] == UInt8(ascii: character) else { return false }
      cursor += 1
      return true
    }

    mutating func value(depth: Int) throws(Fault) -> JSONValue {
      guard depth <= Parser.depthLimit else { throw fault("nested more than 100 deep") }
      made += 1
      guard made <= Parser.valueLimit else { throw fault("more than \(Parser.valueLimit) values") }
      skipSpace()
      guard cursor < bytes.count else { throw fault("it ends too early") }
      switch bytes[cursor] {
      case UInt8(ascii: "{"): return try object(depth: depth)
      case UInt8(ascii: "["): return try array(depth: depth)
      case UInt8(ascii: "\""): return .string(try string())
      case UInt8(ascii: "t"): return try word("true", .bool(true))
      case UInt8(ascii: "f"): return try word("false", .bool(false))
      case UInt8(ascii: "n"): return try word("null", .null)
      default: return try number()
      }
    }

    mutating func word(_ word: String, _ value: JSONValue) throws(Fault) -> JSONValue {
      guard bytes[cursor...].starts(with: word.utf8) else { throw fault("an unknown word") }
      cursor += word.utf8.count
      return value
    }

    mutating func object(depth: Int) throws(Fault) -> JSONValue {
      var members: [(key: String, value: JSONValue)] = []
      var keys: Set<String> = []
      cursor += 1
      if accept("}") { return .object([]) }
      repeat {
        skipSpace()
        guard cursor < bytes.count, bytes[cursor] == UInt8(ascii: "\"") else { throw fault("a key is expected") }
        let key = try string()
        guard keys.insert(key).inserted else { throw fault("the key '\(key)' stands there twice") }
        guard accept(":") else { throw fault("':' is expected") }
        members.append((key, try value(depth: depth + 1)))
      } while accept(",")
      guard accept("}") else { throw fault("'}' is expected") }
      return .object(members)
    }

    mutating func array(depth: Int) throws(Fault) -> JSONValue {
      var items: [JSONValue] = []
      cursor += 1
      if accept("]") { return .array([]) }
      repeat { items.append(try value(depth: depth + 1)) } while accept(",")
      guard accept("]") else { throw fault("']' is expected") }
      return .array(items)
    }

    mutating func number() throws(Fault) -> JSONValue {
      let start = cursor
      func digits(_ cursor: inout Int) -> Int {
        let first = cursor
        while cursor < bytes.count, 0x30...0x39 ~= bytes[cursor] { cursor += 1 }
        return cursor - first
      }
      if cursor < bytes.count, bytes[cursor] == UInt8(ascii: "-") { cursor += 1 }
      let leading = cursor
      let count = digits(&cursor)
      guard count > 0, count == 1 || bytes[leading] != UInt8(ascii: "0") else { throw fault("a value is expected") }
      var isWhole = true
      if cursor < bytes.count, bytes[cursor] == UInt8(ascii: ".") {
        cursor += 1
        isWhole = false
        guard digits(&cursor) > 0 else { throw fault("a digit is expected") }
      }
      if cursor < bytes.count, bytes[cursor] | 0x20 == UInt8(ascii: "e") {
        cursor += 1
        isWhole = false
        if cursor < bytes.count, bytes[cursor] == UInt8(ascii: "+") || bytes[cursor] == UInt8(ascii: "-") {
          cursor += 1
        }
        guard digits(&cursor) > 0 else { throw fault("a digit is expected") }
      }
      let text = String(decoding: bytes[start..<cursor], as: UTF8.self)
      if isWhole, let integer = Int(text) { return .integer(integer) }
      guard let value = Double(text) else { throw fault("a value is expected") }
      return .number(value)
    }

    mutating func string() throws(Fault) -> String {
      var text: [UInt8] = []
      cursor += 1
      while cursor < bytes.count {
        let byte = bytes[cursor]
        switch byte {
        case UInt8(ascii: "\""):
          cursor += 1
          guard let result = String(validating: text, as: UTF8.self) else { throw fault("a text is not UTF-8") }
          return result
        case UInt8(ascii: "\\"):
          cursor += 1
          try escape(to: &text)
        case 0..<0x20: throw fault("a control character in a text")
        default:
          text.append(byte)
          cursor += 1
        }
      }
      throw fault("a text is not closed")
    }

    mutating func escape(to text: inout [UInt8]) throws(Fault) {
      guard cursor < bytes.count else { throw fault("a text is not closed") }
      let byte = bytes[cursor]
      cursor += 1
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
      case UInt8(ascii: "b"): text.append(0x08)
      case UInt8(ascii: "f"): text.append(0x0C)
      case UInt8(ascii: "n"): text.append(0x0A)
      case UInt8(ascii: "r"): text.append(0x0D)
      case UInt8(ascii: "t"): text.append(0x09)
      case UInt8(ascii: "u"):
        var code = UInt32(try unit())
        if 0xD800..<0xDC00 ~= code, cursor + 1 < bytes.count, bytes[cursor] == UInt8(ascii: "\\"),
          bytes[cursor + 1] == UInt8(ascii: "u")
        {
          cursor += 2
          let low = UInt32(try unit())
          guard 0xDC00..<0xE000 ~= low else { throw fault("half a surrogate pair") }
          code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
        }
        guard let scalar = Unicode.Scalar(code) else { throw fault("half a surrogate pair") }
        text.append(contentsOf: Character(scalar).utf8)
      default: throw fault("an unknown escape")
      }
    }

    /// The four hexadecimal digits after `\u`.
    mutating func unit() throws(Fault) -> UInt16 {
      guard cursor + 4 <= bytes.count else { throw fault("a text is not closed") }
      var value: UInt16 = 0
      for byte in bytes[cursor..<cursor + 4] {
        guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
          throw fault("four hexadecimal digits are expected")
        }
        value = value << 4 | UInt16(digit)
      }
      cursor += 4
      return value
    }
  }
}
