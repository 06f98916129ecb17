/// Texts of a caller, whose length nobody has bounded.
enum CallerText {
  /// A text of fewer than `limit` bytes; nil for a longer one, of which no more is read.
  static func string(_ characters: UnsafePointer<CChar>, limit: Int) -> String? {
    for length in 0..<limit where characters[length] == 0 { return String(cString: characters) }
    return nil
  }
}
