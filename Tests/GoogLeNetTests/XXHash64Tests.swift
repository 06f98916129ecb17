import Testing

@testable import GoogLeNet

/// Expected values: the xxHash project's own implementation (Python package xxhash).
@Suite struct XXHash64Tests {
  private func hash(_ bytes: [UInt8], pieces: Int = .max) -> UInt64 {
    var hash = XXHash64()
    var start = 0
    while start < bytes.count {
      let end = min(start + min(pieces, bytes.count), bytes.count)
      bytes[start..<end].withUnsafeBytes { hash.update($0) }
      start = end
    }
    return hash.digest
  }

  @Test func knownValues() {
    #expect(hash([]) == 0xEF46_DB37_51D8_E999)
    #expect(hash(Array("a".utf8)) == 0xD24E_C4F1_A98C_6E5B)
    #expect(hash(Array("abc".utf8)) == 0x44BC_2CF5_AD77_0999)
    #expect(hash((0..<100).map { UInt8($0) }) == 0x6AC1_E580_3216_6597)
  }

  @Test(arguments: [1, 3, 7, 31, 32, 33, 64])
  func piecesDoNotMatter(pieces: Int) {
    for count in [0, 1, 31, 32, 33, 63, 64, 100, 257] {
      let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37) }
      #expect(hash(bytes, pieces: pieces) == hash(bytes))
    }
  }
}
