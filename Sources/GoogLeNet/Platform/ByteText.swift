/// A text as a key. Equal where the bytes are: comparing by Unicode's rules would take two different names for one, and time.
struct ByteText: Hashable {
  let text: String

  init(_ text: String) {
    var text = text
    text.makeContiguousUTF8()
    self.text = text
  }

  static func == (left: ByteText, right: ByteText) -> Bool {
    guard left.text.utf8.count == right.text.utf8.count else { return false }
    return left.withBytes { left in
      right.withBytes { right in
        for index in left.indices where left[index] != right[index] { return false }
        return true
      }
    }
  }

  func hash(into hasher: inout Hasher) {
    withBytes { hasher.combine(bytes: $0) }
  }

  private func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    // Never nil: the initializer made it contiguous.
    text.utf8.withContiguousStorageIfAvailable { body(UnsafeRawBufferPointer($0)) }!
  }
}
