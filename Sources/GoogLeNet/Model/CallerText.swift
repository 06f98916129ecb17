/// Texts of a caller, whose length nobody has bounded.
enum CallerText {
  /// A text of fewer than `limit` bytes; nil for a longer one, of which no more is read.
  static func string(_ characters: UnsafePointer<CChar>, limit: Int) -> String? {
    for length in 0..<limit where characters[length] == 0 { return String(cString: characters) }
    return nil
  }

  /// The beginning of a text of at least `limit` bytes, for a message.
  static func beginning(_ characters: UnsafePointer<CChar>, limit: Int) -> String {
    String(decoding: UnsafeRawBufferPointer(start: characters, count: min(limit, 200)), as: UTF8.self) + "…"
  }
}
