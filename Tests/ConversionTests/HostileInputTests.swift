import Conversion
import GoogLeNet
import Testing

/// Damaged files of every format: each gives an error or a valid network, and the process lives.
@Suite struct HostileInputTests {
  static let files: [(name: String, bytes: [UInt8])] = [
    ("caffe", CaffeFile.small(legacy: false).bytes), ("caffe V1", CaffeFile.trained().bytes),
    ("onnx", ONNXFile.small().bytes), ("torch", TorchFile().archive), ("safetensors", TorchFile().safetensors),
  ]

  private func survives(_ bytes: [UInt8]) {
    do {
      let result = try convert(bytes)
      #expect(throws: Never.self) { try Model(network: result.network) }
    } catch {
      #expect((error as? GoogLeNetError)?.message.contains("'test file'") == true, "\(error)")
    }
  }

  @Test(arguments: files.indices) func truncations(index: Int) {
    let bytes = HostileInputTests.files[index].bytes
    let step = max(bytes.count / 400, 1)
    for length in stride(from: 0, to: bytes.count, by: step) { survives([UInt8](bytes.prefix(length))) }
  }

  @Test(arguments: files.indices) func flippedBits(index: Int) {
    let bytes = HostileInputTests.files[index].bytes
    var generator = SplitMix64(state: UInt64(index))
    for _ in 0..<600 {
      var damaged = bytes
      for _ in 0...Int.random(in: 0..<4, using: &generator) {
        damaged[Int.random(in: damaged.indices, using: &generator)] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      }
      survives(damaged)
    }
  }

  @Test(arguments: files.indices) func bytesThatBecomeExtreme(index: Int) {
    let bytes = HostileInputTests.files[index].bytes
    var generator = SplitMix64(state: 100 + UInt64(index))
    for value: UInt8 in [0, 0x7F, 0x80, 0xFF] {
      for _ in 0..<150 {
        var damaged = bytes
        let place = Int.random(in: damaged.indices, using: &generator)
        for offset in place..<min(place + Int.random(in: 1...9, using: &generator), damaged.count) {
          damaged[offset] = value
        }
        survives(damaged)
      }
    }
  }

  // MARK: - Small files that make much of themselves

  @Test func longChainsOfCaffeLayersTakeTimeInProportion() {
    var file = CaffeFile()
    file.layers = (0..<10_000).map { CaffeFile.simple("\($0)", "TanH", "\($0 - 1)", top: "\($0)") }
    expectError(file.bytes, .unsupported, "TanH (layer '9999')")
    file.layers = (0...10_000).map { _ in CaffeFile.simple("", "", "", top: "") }
    expectError(file.bytes, .unsupported, "10001 layers")
    file.layers = (0..<65).map { CaffeFile.simple("\($0)", "ReLU", "data", top: "\($0)") }
    expectError(file.bytes, .unsupported, "65 outputs")
  }

  @Test func prefixesWithoutEndAreNotFollowed() {
    let key = String(repeating: "module.", count: 100_000) + "x"
    let header = "{\"\(key)\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}"
    expectError(TorchFile.safetensors(header: header, data: [0, 0, 0, 0]), .unsupported, "is missing")
  }

  @Test func dictionariesInThemselvesAreSearchedOnce() {
    var pickle = PickleWriter()
    pickle.emptyDictionary()
    let entry: [UInt8] = [0x4B, 1, UInt8(ascii: "h"), 0]
    let entries = [[UInt8]](repeating: entry, count: 5000).joined()
    let bytes = pickle.bytes + Array("q\0(".utf8) + entries + Array("u.".utf8)
    expectError(TorchFile.archive(pickle: bytes, storages: []), .unsupported, "no dictionary of tensors")
  }

  @Test func longListsAreNotCopiedWithoutEnd() {
    var pickle = PickleWriter()
    pickle.emptyDictionary()
    pickle.text("list")
    pickle.opcode("]")
    let list = pickle.bytes + Array("q\0(".utf8)
    let items = [[UInt8]](repeating: [0x4B, 1], count: 100_000).joined() + [UInt8(ascii: "e")]
    let size = Array("ctorch\nSize\nh\0\u{85}R0".unicodeScalars.map { UInt8($0.value) })
    let sizes = [[UInt8]](repeating: size, count: 30).joined()
    let bytes = list + items + sizes + Array("s.".utf8)
    expectError(TorchFile.archive(pickle: bytes, storages: []), .limitExceeded, "converting it needs at least")
  }

  @Test func foreignFilesAreNamed() {
    for (bytes, name) in [
      ([], "empty"), ([0x80, 2, 0x8A, 0x0A], "pickle"),
      ([0x80, 2, 0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19], "old non-zip torch.save"),
      (Array("version https://git-lfs.github.com/spec/v1".utf8), "Git LFS"), (Array("<!DOCTYPE html>".utf8), "HTML"),
      (Array("name: \"GoogleNet\"\nlayer {".utf8), "prototxt"), ([0xFF, 0xD8, 0xFF, 0xE0], "JPEG"),
      ([0x1F, 0x8B, 8, 0], "gzip"), (Array("hello".utf8), "text"), ([0xFF, 0xFE, 0xFD], "unknown format"),
    ] as [([UInt8], String)] { expectError(bytes, .unsupported, name) }
  }

  @Test func smallArchivesUnpackToLittle() {
    var file = TorchFile.zip([("m/data.pkl", [1, 2, 3])], deflated: true)
    // The unpacked size in the central directory: 2 GiB less a byte.
    let directory = file.firstRange(of: [0x50, 0x4B, 1, 2])!.lowerBound
    file.replaceSubrange(directory + 24..<directory + 28, with: [0xFF, 0xFF, 0xFF, 0x7F])
    expectError(file, .unsupported, "unpacks to 2147483647 bytes: at most 67")
  }

  @Test func modelFilesAreNotConvertedAgain() throws {
    let model = try ModelWriter.serialize(try convert(CaffeFile.small(legacy: false).bytes).network)
    expectError(model, .unsupported, "a GoogLeNet model file already")
  }

  @Test func missingFilesAreNamed() {
    for path in ["/nonexistent/model.onnx", "/tmp"] {
      let error = #expect(throws: GoogLeNetError.self) {
        try Converter.convert(path: path, options: ConversionOptions())
      }
      #expect(error?.status == .ioError)
      #expect(error?.message.contains(path) == true)
    }
  }
}

/// Reproducible random numbers (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
struct SplitMix64: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
    return value ^ value >> 31
  }
}
