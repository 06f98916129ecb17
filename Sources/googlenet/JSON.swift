import GoogLeNet

/// A JSON value to print. (Foundation's encoder would double the size of the tool.)
enum JSON: CustomStringConvertible {
  case null
  case bool(Bool)
  case integer(Int)
  case number(Double)
  case string(String)
  case array([JSON])
  /// Members keep their order.
  case object([(String, JSON)])

  /// On one line. Numbers that JSON cannot express are null.
  var description: String {
    switch self {
    case .null: "null"
    case .bool(let value): "\(value)"
    case .integer(let value): "\(value)"
    case .number(let value): value.isFinite ? "\(value)" : "null"
    case .string(let value): JSON.quoted(value)
    case .array(let values): "[\(values.map(\.description).joined(separator: ", "))]"
    case .object(let members): "{\(members.map { "\(JSON.quoted($0)): \($1)" }.joined(separator: ", "))}"
    }
  }

  /// A float32 with as few digits as tell it from its neighbours.
  static func number(_ value: Float) -> JSON { .number(Double("\(value)") ?? .nan) }

  private static func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case "\n": quoted += "\\n"
      case "\t": quoted += "\\t"
      case "\r": quoted += "\\r"
      case _ where Terminal.isControl(scalar): scalar.utf16.forEach { quoted += escape($0) }
      case _ where PathText.byte(of: scalar) != nil:
        // As Python tells paths: json.loads gives the text of which os.fsencode makes the bytes again.
        quoted += escape(0xDC00 + UInt16(PathText.byte(of: scalar) ?? 0))
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }

  private static func escape(_ unit: UInt16) -> String {
    let digits = String(unit, radix: 16)
    return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
  }
}
