/// Texts of a caller, whose length nobody has bounded.
enum CallerText {
  /// A text of fewer than `limit` bytes; nil for a longer one, of which no more is read.
  static func string(_ characters: UnsafePointer<CChar>, limit: Int) -> String? {
    bytes(characters, limit: limit).map { String(decoding: $0, as: UTF8.self) }
  }

  /// The same of a path, as `PathText` has it, which a call that loads a model begins with.
  /// - Throws: `outOfMemory`.
  static func path(_ characters: UnsafePointer<CChar>, limit: Int) throws(GoogLeNetError) -> String? {
    guard let bytes = bytes(characters, limit: limit) else { return nil }
    // See docs/memory.md.
    try Allocation.ensure(16 << 10 + 64 * bytes.count)
    return PathText.text(of: bytes)
  }

  /// Its bytes without the NUL; nil where it is longer.
  static func bytes(_ characters: UnsafePointer<CChar>, limit: Int) -> UnsafeRawBufferPointer? {
    for length in 0..<limit where characters[length] == 0 {
      return UnsafeRawBufferPointer(start: characters, count: length)
    }
    return nil
  }

  /// The beginning of a text of at least `limit` bytes, for a message.
  static func beginning(_ characters: UnsafePointer<CChar>, limit: Int) -> String {
    String(decoding: UnsafeRawBufferPointer(start: characters, count: min(limit, 200)), as: UTF8.self) + "…"
  }
}
