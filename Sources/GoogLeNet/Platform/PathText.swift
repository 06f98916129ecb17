/// Paths as texts. A path is any bytes, a text is Unicode: each byte that is not part of valid UTF-8 stands in the
/// text as one of U+10FF80 to U+10FFFF, for private use and used by nobody, so that every path comes out as it went
/// in.
public enum PathText {
  /// Where the bytes 0x80 to 0xFF stand from.
  private static let first: UInt32 = 0x10FF80
  private static let visibleLimit = 4096

  /// The text of a path that the system gave.
  public static func text(of bytes: some Collection<UInt8>) -> String {
    var text = ""
    var parser = Unicode.UTF8.ForwardParser()
    var iterator = bytes.makeIterator()
    var position = bytes.startIndex
    while true {
      var length = 0
      switch parser.parseScalar(from: &iterator) {
      case .emptyInput: return text
      case .valid(let encoded):
        let scalar = Unicode.UTF8.decode(encoded)
        length = encoded.count
        if byte(of: scalar) == nil {
          text.unicodeScalars.append(scalar)
        } else {
          // Such a scalar that is in the path itself: in its place its bytes.
          append(bytes[position...].prefix(length), to: &text)
        }
      case .error(let count):
        length = count
        append(bytes[position...].prefix(length), to: &text)
      }
      position = bytes.index(position, offsetBy: length)
    }
  }

  /// - Parameter characters: end with a zero.
  public static func text(of characters: UnsafePointer<CChar>) -> String {
    var count = 0
    while characters[count] != 0 { count += 1 }
    return text(of: UnsafeRawBufferPointer(start: characters, count: count))
  }

  /// The path that a text stands for.
  public static func bytes(of text: String) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.utf8.count + 1)
    for scalar in text.unicodeScalars {
      if let byte = byte(of: scalar) {
        bytes.append(byte)
      } else {
        for unit in String(scalar).utf8 { bytes.append(unit) }
      }
    }
    return bytes
  }

  /// Calls `body` with the path that a text stands for, as the system wants it.
  public static func withCString<Result>(_ text: String, _ body: (UnsafePointer<CChar>) -> Result) -> Result {
    let path = bytes(of: text) + [0]
    return path.withUnsafeBytes { body($0.assumingMemoryBound(to: CChar.self).baseAddress!) }
  }

  /// The byte that a scalar stands for; nil for one that stands for itself.
  public static func byte(of scalar: Unicode.Scalar) -> UInt8? {
    scalar.value < first ? nil : UInt8(truncatingIfNeeded: scalar.value - first + 0x80)
  }

  /// For messages: such bytes as "\xFF". Of what would be longer than any path the beginning, and "…".
  public static func visible(_ text: String) -> String {
    var visible = ""
    for scalar in text.unicodeScalars {
      guard visible.utf8.count < visibleLimit else { return visible + "…" }
      if let byte = byte(of: scalar) {
        visible += "\\x"
        for digit in [byte >> 4, byte & 0xF] {
          visible.unicodeScalars.append(Unicode.Scalar(digit < 10 ? 0x30 + digit : 0x37 + digit))
        }
      } else {
        visible.unicodeScalars.append(scalar)
      }
    }
    return visible
  }

  private static func append(_ bytes: some Sequence<UInt8>, to text: inout String) {
    for byte in bytes {
      // All of them are from 0x80 on.
      guard let scalar = Unicode.Scalar(first + UInt32(byte & 0x7F)) else { continue }
      text.unicodeScalars.append(scalar)
    }
  }
}
