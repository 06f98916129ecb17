import Testing

@testable import GoogLeNet

@Suite struct PathTextTests {
  @Test func textStaysWhatItIs() {
    for text in ["", "photo.jpg", "/naïve/写真/🖼", "\u{10FF7F}", "a\u{301}"] {
      #expect(Array(PathText.text(of: Array(text.utf8)).utf8) == Array(text.utf8))
      #expect(PathText.bytes(of: text) == Array(text.utf8))
      #expect(PathText.visible(text) == text)
    }
  }

  @Test func otherBytesComeOutAsTheyWentIn() {
    let hard: [[UInt8]] = [
      [0xFF], [0x61, 0x80, 0x62], [0xC3], [0xC3, 0x28], [0xE2, 0x82], [0xF0, 0x9F, 0x96, 0x2F], [0xC0, 0xAF],
      // A surrogate, something beyond Unicode, and scalars that bytes stand as.
      [0xED, 0xB3, 0xBF], [0xF4, 0x90, 0x80, 0x80], [0xF4, 0x8F, 0xBE, 0x80], [0xF4, 0x8F, 0xBF, 0xBF],
    ]
    for bytes in hard {
      let text = PathText.text(of: bytes)
      #expect(PathText.bytes(of: text) == bytes)
      #expect(text.unicodeScalars.allSatisfy { PathText.byte(of: $0) != nil || $0.isASCII })
    }
    let parts: [UInt8] = [0x2F, 0x61, 0x80, 0x8F, 0xBE, 0xBF, 0xC3, 0xE2, 0xED, 0xF0, 0xF4, 0xFF]
    var generator = RandomNumbers(seed: 5)
    for _ in 0..<2000 {
      let bytes = (0..<12).map { _ in parts[Int.random(in: parts.indices, using: &generator)] }
      #expect(PathText.bytes(of: PathText.text(of: bytes)) == bytes)
    }
  }

  @Test func messagesShowThem() {
    #expect(PathText.visible(PathText.text(of: [0x61, 0xFF, 0x0A, 0x80])) == "a\\xFF\n\\x80")
  }
}
