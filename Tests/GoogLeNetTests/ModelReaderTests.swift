import Conversion
import Testing

@testable import GoogLeNet

/// Model files: what the writer writes is read back, and nothing that is broken gets through.
@Suite struct ModelReaderTests {
  private func load(_ bytes: [UInt8]) throws(GoogLeNetError) -> Model {
    guard let block = HeapBlock(byteCount: bytes.count) else { throw GoogLeNetError(.outOfMemory, "") }
    bytes.withUnsafeBytes { block.mutableBytes.copyMemory(from: $0) }
    return try Model(memory: block)
  }

  private func refusal(_ bytes: [UInt8], sourceLocation: SourceLocation = #_sourceLocation) -> GoogLeNetError {
    do throws(GoogLeNetError) {
      _ = try load(bytes)
      Issue.record("accepted", sourceLocation: sourceLocation)
      return GoogLeNetError(.ok, "")
    } catch {
      return error
    }
  }

  /// Where the format version's value lies in files of the writer.
  private let majorPlace = 11

  /// Where the 9 bytes of the checksum field lie.
  private func checksumOffset(_ file: [UInt8]) throws -> Int {
    let layout = try file.withUnsafeBytes { bytes in
      try ModelFileLayout(bytes, source: "test", owner: MemoryBlock(borrowing: bytes))
    }
    let wanted = try #require(layout.checksum)
    return try #require(
      (1..<file.count - 8).first { offset in
        file[offset - 1] == 14 << 3 | 1
          && file[offset..<offset + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) } == wanted
      }) - 1
  }

  /// The file with the checksum that its content should have.
  private func signed(_ file: [UInt8]) throws -> [UInt8] {
    var file = file
    let offset = try checksumOffset(file)
    let digest = try file.withUnsafeBytes { bytes in
      try ModelFileLayout(bytes, source: "test", owner: MemoryBlock(borrowing: bytes)).digest
    }
    withUnsafeBytes(of: digest.littleEndian) { file.replaceSubrange(offset + 1..<offset + 9, with: $0) }
    return file
  }

  private func file() throws -> [UInt8] {
    var network = try Networks.inception()
    network.labels = (0..<21).map { "class \($0) ü" }
    network.metadata = [MetadataEntry(key: "licence", value: "CC BY 4.0"), MetadataEntry(key: "ü", value: "")]
    return try ModelWriter.serialize(network)
  }

  @Test func whatIsWrittenIsReadBack() throws {
    let network = try load(try file()).network
    let original = try Networks.inception()
    #expect(network.labels[20] == "class 20 ü")
    #expect(
      network.metadata == [MetadataEntry(key: "licence", value: "CC BY 4.0"), MetadataEntry(key: "ü", value: "")])
    #expect(network.preprocessing == original.preprocessing)
    #expect(network.layers.map(\.name) == original.layers.map(\.name))
    #expect(network.layers.map(\.inputs) == original.layers.map(\.inputs))
    for (layer, wanted) in zip(network.layers, original.layers) {
      #expect(layer.operation.kind.description == wanted.operation.kind.description)
      for (tensor, want) in zip(layer.operation.tensors, wanted.operation.tensors) {
        #expect(tensor.tensor.dims == want.tensor.dims)
        #expect(tensor.tensor.floats() == want.tensor.floats())
      }
    }
  }

  @Test func weightsAreAlignedInTheFile() throws {
    let bytes = try file()
    try bytes.withUnsafeBytes { raw in
      let layout = try ModelFileLayout(raw, source: "test", owner: MemoryBlock(borrowing: raw))
      #expect((layout.weights.baseAddress! - raw.baseAddress!) % 64 == 0)
    }
  }

  private static let trained: [(start: [UInt8], name: String)] = [
    ([0x50, 0x4B, 0x03, 0x04], "a zip archive, as of PyTorch or Keras"),
    ([0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A], "an HDF5 file, as of Keras"),
    (Array("\u{1C}\0\0\0TFL3".utf8), "a TFLite model"),
    ([0x80, 0x02, 0x8A], "a Python pickle, as of PyTorch"),
    (Array("\u{40}\0\0\0\0\0\0\0{}".utf8), "a safetensors file"),
    // The version of the format and a producer, a graph, an opset, or metadata, which have the number of our checksum.
    ([0x08, 0x08, 0x12, 0x01, 0x70, 0x3A, 0x02, 0x0A, 0x00], "an ONNX model"),
    ([0x08, 0x03, 0x3A, 0x02, 0x0A, 0x00], "an ONNX model"),
    ([0x08, 0x0A, 0x42, 0x02, 0x10, 0x15], "an ONNX model"),
    ([0x08, 0x08, 0x72, 0x02, 0x0A, 0x00], "an ONNX model"),
    ([0x08, 0x01, 0x12, 0x04, 0x0A, 0x02, 0x0A, 0x00], "a TensorFlow SavedModel"),
    ([0x0A, 0x06, 0x0A, 0x01, 0x78, 0x12, 0x01, 0x79], "a TensorFlow graph"),
    ([0x0A, 0x80, 0x02, 0x0A, 0x01, 0x78], "a TensorFlow graph"),
    (Array("\n\u{4}BVLC".utf8), "a Caffe model"),
    (Array("name: \"x\"".utf8), "a Caffe prototxt"),
  ]

  @Test(arguments: trained)
  func trainedFilesAreCalledByTheirName(_ start: [UInt8], _ name: String) {
    let error = refusal(start)
    #expect(error.status == .invalidModel)
    let wanted = "is \(name), not a googlenet model file: make one of it with 'googlenet convert "
    #expect(error.message.contains(wanted))
  }

  private static let other: [(start: [UInt8], name: String)] = [
    ([0xFF, 0xD8, 0xFF, 0xE0], "a JPEG picture"), ([0x89, 0x50, 0x4E, 0x47], "a PNG picture"),
    ([0x1F, 0x8B, 0x08], "a gzip archive"), ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0], "an xz archive"),
    (Array("<!DOCTYPE html>".utf8), "an HTML or XML page"),
    (Array("version https://git-lfs.github.com/spec/v1".utf8), "a Git LFS pointer"),
  ]

  @Test(arguments: other)
  func otherFilesAreCalledByTheirName(_ start: [UInt8], _ name: String) {
    let error = refusal(start)
    #expect(error.status == .invalidModel)
    #expect(error.message.contains("is \(name)"))
    #expect(!error.message.contains("convert"))
  }

  @Test func truncatedAtEveryByte() throws {
    let file = try file()
    for length in stride(from: 0, to: file.count, by: 1) where length < 3000 || length % 97 == 0 {
      let error = refusal(Array(file[..<length]))
      #expect(error.status == .invalidModel)
      #expect(!error.message.isEmpty)
      #expect(length < 10 || error.message.contains("is a damaged googlenet model file"), "\(error.message)")
    }
  }

  @Test func everyFlippedBitIsNoticed() throws {
    let file = try file()
    for offset in stride(from: 0, to: file.count, by: 1) where offset < 1500 || offset % 101 == 0 {
      var broken = file
      broken[offset] ^= 1 << UInt8(offset % 8)
      let error = refusal(broken)
      #expect(error.status == .invalidModel || error.status == .unsupportedVersion, "byte \(offset)")
      guard offset >= 10, error.status == .invalidModel else { continue }
      #expect(error.message.contains("is a damaged googlenet model file"), "byte \(offset): \(error.message)")
    }
  }

  /// Broken headers with a right checksum: whatever they say, loading ends in a model or an error.
  @Test func hostileHeadersWithARightChecksum() throws {
    let file = try file()
    let end = try checksumOffset(file)
    var random = RandomNumbers(seed: 3)
    var accepted = 0
    for _ in 0..<4000 {
      var broken = file
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        broken[Int.random(in: 0..<end, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      guard let signed = try? signed(broken) else { continue }
      do throws(GoogLeNetError) {
        _ = try load(signed)
        accepted += 1
      } catch {
        #expect(error.status != .ok && !error.message.isEmpty)
      }
    }
    #expect(accepted > 0)
  }

  @Test func newerMajorVersionsAreRefused() throws {
    var file = try file()
    #expect(file[majorPlace - 1] == 1 << 3 && file[majorPlace] == 1)
    file[majorPlace] = 4
    let error = refusal(try signed(file))
    #expect(error.status == .unsupportedVersion)
    #expect(error.message.contains("version 4"))
  }

  /// The network without its fused parts, and with an operation in front of its end.
  private func file(_ operation: GoogLeNet.Operation, of inputs: Int = 1, major: UInt8? = nil) throws -> [UInt8] {
    var network = try Networks.inception()
    let place = network.layers.count - 2
    let source = network.layers[place].inputs[0]
    network.layers.insert(
      Layer(name: "new", inputs: [String](repeating: source, count: inputs), operation: operation), at: place)
    network.layers[place + 1].inputs = ["new"]
    var file = try ModelWriter.serialize(network)
    guard let major else { return file }
    file[majorPlace] = major
    return try signed(file)
  }

  @Test func newerOperationsNeedTheirFormatVersion() throws {
    let slopes = try Networks.tensor(90)
    for (operation, inputs) in [
      (GoogLeNet.Operation.sum, 3), (.sigmoid, 1), (.prelu(PReLU(slopes: slopes)), 1),
      (.clippedReLU(ClippedReLU(maximum: 6.5)), 1),
    ] {
      let file = try file(operation, of: inputs)
      #expect(file[majorPlace] == 3)
      let layers = try load(file).network.layers
      let layer = layers[layers.count - 3]
      #expect(layer.operation.kind.description == operation.kind.description && layer.inputs.count == inputs)
      switch layer.operation {
      case .prelu(let it): #expect(it.slopes.floats() == slopes.floats() && it.slopes.dims == [90])
      case .clippedReLU(let it): #expect(it.maximum == 6.5)
      default: break
      }
      let error = refusal(try self.file(operation, of: inputs, major: 2))
      #expect(error.status == .invalidModel)
      let wanted = "layer 'new' needs format version 3, but the file has 2"
      #expect(error.message.contains(wanted), "\(error.message)")
    }
  }

  @Test func filesWithoutAMagicNumberAreRead() throws {
    let file = try file()
    #expect(file.starts(with: [0x89, 0x01] + "GLNMODEL".utf8))
    // Those of version 0.1.0.
    let older = try signed([UInt8](file.dropFirst(10)))
    #expect(try load(older).network.metadata.count == 2)
    // A program that writes the fields in the order of their numbers.
    #expect(throws: Never.self) { try load(try signed(older + file.prefix(10))) }
    for place in 2..<10 {
      var wrong = file
      wrong[place] ^= 0x20
      let error = refusal(try resigned(wrong))
      #expect(error.status == .invalidModel)
      let wanted = "the magic number at byte 0 does not read GLNMODEL"
      #expect(error.message.contains(wanted), "\(error.message)")
    }
    #expect(refusal(older + [0x88, 0x01, 0x01]).message.contains("field 17 at byte \(older.count) is not of the type"))
  }

  /// The file with the checksum that it should have but for its magic number.
  private func resigned(_ file: [UInt8]) throws -> [UInt8] {
    let right = try self.file()
    let offset = try checksumOffset(right)
    var hash = XXHash64()
    for part in [file[..<offset], file[(offset + 9)...]] {
      [UInt8](part).withUnsafeBytes { hash.update($0) }
    }
    var file = file
    withUnsafeBytes(of: hash.digest.littleEndian) { file.replaceSubrange(offset + 1..<offset + 9, with: $0) }
    return file
  }

  @Test func unknownFieldsAreSkipped() throws {
    // Field 1000, a text, in front of everything.
    let unknown: [UInt8] = [0xC2, 0x3E, 3, 0x61, 0x62, 0x63]
    #expect(try load(try signed(unknown + file())).classCount == 21)
  }

  /// The bytes of a file with these top-level fields, checksum and weights.
  private func sealed(_ fields: WireWriter, weights: [UInt8] = []) throws -> [UInt8] {
    let checksum = [14 << 3 | 1] + [UInt8](repeating: 0, count: 8)
    return try signed(fields.bytes + checksum + WireWriter { $0.data(15, weights) }.bytes)
  }

  /// One layer that scales and shifts three pixels, and a softmax. `change` may add to each message.
  private func scaling(
    model: (inout WireWriter) -> Void = { _ in }, preprocessing: (inout WireWriter) -> Void = { _ in },
    layer: (inout WireWriter) -> Void = { _ in }, operation: (inout WireWriter) -> Void = { _ in },
    tensor: (inout WireWriter) -> Void = { $0.packedNumbers(1, [3]) }, shiftOffset: Int = 12
  ) throws -> [UInt8] {
    let values: [Float] = [1, 2, 3, 4, 5, 6]
    return try sealed(
      WireWriter {
        $0.number(1, 1)
        $0.message(5) {
          for side: UInt64 in [1, 2, 6] { $0.number(side, 1) }
          $0.packedFloats(4, [0, 0, 0])
          $0.packedFloats(5, [1, 1, 1])
          preprocessing(&$0)
        }
        $0.message(7) {
          // The operation first: fields may come in any order.
          $0.message(19) {
            $0.message(3) {
              tensor(&$0)
              $0.number(5, 12)
            }
            $0.message(4) {
              $0.packedNumbers(1, [3])
              $0.number(4, shiftOffset)
              $0.number(5, 12)
            }
            operation(&$0)
          }
          $0.text(1, "scaled")
          $0.text(2, "data")
          layer(&$0)
        }
        $0.message(7) {
          $0.text(1, "prob")
          $0.text(2, "scaled")
          $0.message(24) { _ in }
        }
        $0.text(8, "data")
        model(&$0)
      }, weights: littleEndian(values))
  }

  @Test func fieldsInAnyOrderAndForm() throws {
    let model = try load(try scaling())
    guard case .batchNormalization(let it) = model.network.layers[0].operation else { return }
    #expect(it.scale?.floats() == [1, 2, 3] && it.shift?.floats() == [4, 5, 6])
    // Single numbers instead of a packed field, and the last one of what is repeated.
    #expect(throws: Never.self) { try load(try scaling(tensor: { $0.number(1, 3) })) }
    let other = try load(
      try scaling(model: { $0.text(3, "last") }, preprocessing: { $0.number(6, 7) }, layer: { $0.text(1, "scaled") }))
    #expect(other.network.name == "last" && other.network.preprocessing.shortSide == 7)
  }

  private static func metadata(_ count: Int, _ value: String = "") -> @Sendable (inout WireWriter) -> Void {
    { model in
      for index in 0..<count {
        model.message(18) {
          $0.text(1, "key \(index)")
          $0.text(2, value)
        }
      }
    }
  }

  @Test func metadataOfTheLargestSizes() throws {
    let model = try load(
      try scaling(model: {
        Self.metadata(1023)(&$0)
        $0.message(18) {
          $0.text(2, String(repeating: "v", count: 65_536))
          $0.text(1, String(repeating: "k", count: 256))
          $0.number(9, 1)
        }
      }))
    #expect(model.network.metadata.count == 1024)
    #expect(model.network.metadata[1022] == MetadataEntry(key: "key 1022", value: ""))
    #expect(model.network.metadata[1023].key.count == 256 && model.network.metadata[1023].value.count == 65_536)
    #expect(throws: Never.self) {
      try load(try scaling(model: Self.metadata(63, String(repeating: "v", count: 65_536))))
    }
  }

  private static let wrongMetadata: [(change: @Sendable (inout WireWriter) -> Void, told: String)] = [
    (metadata(1025), "1025 metadata entries: at most 1024 are supported"),
    (metadata(64, String(repeating: "v", count: 65_536)), "bytes of names, labels and metadata: at most 4194304"),
    ({ $0.message(18) { $0.text(2, "v") } }, "the key of metadata entry 0 is empty"),
    (
      { $0.message(18) { $0.text(1, String(repeating: "k", count: 257)) } },
      "the key of metadata entry 0 has 257 bytes: at most 256 are supported"
    ),
    (
      { $0.message(18) { $0.text(2, String(repeating: "v", count: 10_000_000)) } },
      "the value of metadata entry 0 has 10000000 bytes: at most 65536 are supported"
    ),
    (
      {
        for value in ["1", "2"] {
          $0.message(18) {
            $0.text(1, "a")
            $0.text(2, value)
          }
        }
      }, "the metadata key 'a' is there twice"
    ),
    ({ $0.message(18) { $0.data(1, [0x61, 0]) } }, "the key of metadata entry 0 is not valid UTF-8"),
    ({ $0.message(18) { $0.data(2, [0xFF]) } }, "the value of metadata entry 0 is not valid UTF-8"),
    ({ $0.message(18) { $0.number(1, 5) } }, "not of the type"), ({ $0.number(18, 5) }, "not of the type"),
  ]

  @Test(arguments: 0..<wrongMetadata.count) func wrongMetadataIsRefused(index: Int) throws {
    let (change, told) = Self.wrongMetadata[index]
    let error = refusal(try scaling(model: change))
    #expect(error.status == .invalidModel)
    #expect(error.message.contains(told), "\(error.message)")
  }

  /// Keys are bytes, too: é is not e with an accent.
  @Test func metadataOfEqualLookingKeys() throws {
    let model = try load(
      try scaling(model: {
        for key in ["\u{E9}", "e\u{301}"] { $0.message(18) { $0.text(1, key) } }
      }))
    #expect(model.network.metadata.count == 2)
  }

  @Test func resizeRulesNeedTheirFormatVersion() throws {
    for rule in Preprocessing.ResizeRule.allCases {
      func file(_ major: Int) throws -> [UInt8] {
        try scaling(model: { $0.number(1, major) }, preprocessing: { $0.number(7, Int(rule.rawValue)) })
      }
      #expect(try load(try file(2)).network.preprocessing.resizeRule == rule)
      guard rule != .shortSide else { continue }
      let error = refusal(try file(1))
      #expect(error.status == .invalidModel)
      let wanted = "resize_rule is \(rule.rawValue), which a file of format version 1 cannot say"
      #expect(error.message.contains(wanted), "\(error.message)")
    }
    #expect(try load(try scaling()).network.preprocessing.resizeRule == .shortSide)
    let unknown = refusal(try scaling(model: { $0.number(1, 2) }, preprocessing: { $0.number(7, 6) }))
    #expect(unknown.message.contains("resize_rule is 6, which this version does not know"))
  }

  /// A pooling and a convolution, one of which says this of its padding, in front of a softmax.
  private func windows(major: Int, rule: Int, padding: Int = 0, of field: UInt64) throws -> [UInt8] {
    try sealed(
      WireWriter {
        $0.number(1, major)
        $0.message(5) {
          for side: UInt64 in [1, 2, 6] { $0.number(side, 5) }
          $0.packedFloats(4, [0, 0, 0])
          $0.packedFloats(5, [1, 1, 1])
        }
        $0.message(7) {
          $0.text(1, "pool")
          $0.text(2, "data")
          $0.message(17) {
            for (side, pixels) in [(UInt64(3), 3), (4, 3), (5, 2), (6, 2)] { $0.number(side, pixels) }
            $0.number(10, field == 17 ? padding : 0)
            $0.number(13, field == 17 ? rule : 0)
          }
        }
        $0.message(7) {
          $0.text(1, "conv")
          $0.text(2, "pool")
          $0.message(16) {
            $0.message(1) {
              $0.packedNumbers(1, [1, 3, 2, 2])
              $0.number(5, 48)
            }
            for other in [UInt64(3), 4] { $0.number(other, 2) }
            for other in [UInt64(9), 10, 11] { $0.number(other, 1) }
            $0.number(8, field == 16 ? padding : 0)
            $0.number(12, field == 16 ? rule : 0)
          }
        }
        $0.message(7) {
          $0.text(1, "prob")
          $0.text(2, "conv")
          $0.message(24) { _ in }
        }
        $0.text(8, "data")
      }, weights: littleEndian([Float](repeating: 1, count: 12)))
  }

  @Test(arguments: [UInt64(16), 17]) func paddingRules(of field: UInt64) throws {
    for (rule, border) in [(0, Border.valid), (1, .same(extraFirst: false)), (2, .same(extraFirst: true))] {
      // What the file says is what a layer of the network is.
      let layers = try load(try windows(major: 3, rule: rule, of: field)).network.layers
      switch (field, layers[0].operation, layers[1].operation) {
      case (17, .pooling(let it), _): #expect(it.border == border)
      case (16, _, .convolution(let it)): #expect(it.border == border)
      default: Issue.record("not what was written")
      }
      guard rule > 0 else { continue }
      let name = field == 17 ? "pool" : "conv"
      for major in [1, 2] {
        let error = refusal(try windows(major: major, rule: rule, of: field))
        #expect(error.status == .invalidModel)
        let wanted = "layer '\(name)' needs format version 3, but the file has \(major)"
        #expect(error.message.contains(wanted), "\(error.message)")
      }
      let both = refusal(try windows(major: 3, rule: rule, padding: 1, of: field))
      #expect(both.status == .invalidModel)
      #expect(
        both.message.contains("layer '\(name)' has a padding rule and numbers of padding"), "\(both.message)")
    }
    let unknown = refusal(try windows(major: 3, rule: 3, of: field))
    #expect(unknown.status == .invalidModel)
    #expect(unknown.message.contains("has padding rule 3, which is neither EXPLICIT (0) nor SAME_UPPER (1)"))
  }

  @Test func everyMessageSkipsUnknownFields() throws {
    func unknown(_ message: inout WireWriter) {
      message.number(13, 5)
      message.text(100, "?")
      message.float(101, 1)
    }
    #expect(throws: Never.self) {
      try load(
        try scaling(
          model: unknown, preprocessing: unknown, layer: unknown, operation: unknown,
          tensor: {
            $0.packedNumbers(1, [3])
            unknown(&$0)
          }))
    }
  }

  @Test func repeatedMessagesAreRefused() throws {
    #expect(refusal(try scaling(model: { $0.message(5) { _ in } })).message.contains("preprocessing is there twice"))
    #expect(refusal(try scaling(layer: { $0.message(19) { _ in } })).message.contains("has 2 operations"))
    #expect(refusal(try scaling(layer: { $0.message(20) { _ in } })).message.contains("has 2 operations"))
    let shift = refusal(try scaling(operation: { $0.message(4) { _ in } }))
    #expect(shift.message.contains("layer 'scaled' has its shift twice"))
  }

  @Test func wrongTypesAreRefused() throws {
    let files = [
      try scaling(model: { $0.number(6, 1) }), try scaling(model: { $0.float(8, 1) }),
      try scaling(preprocessing: { $0.text(6, "1") }), try scaling(preprocessing: { $0.data(4, [1, 2, 3]) }),
      try scaling(layer: { $0.number(3, 1) }), try scaling(layer: { $0.number(1, 1) }),
      try scaling(operation: { $0.number(5, 1) }), try scaling(tensor: { $0.float(1, 3) }),
      try scaling(tensor: { $0.data(1, [0x80]) }),
    ]
    for (index, file) in files.enumerated() {
      let error = refusal(file)
      #expect(
        error.status == .invalidModel && error.message.contains("not a valid model file"), "\(index): \(error.message)")
    }
  }

  @Test func textsMustBeTexts() throws {
    for text: [UInt8] in [[0x61, 0, 0x62], [0xFF], [0xC3], [0xED, 0xA0, 0x80]] {
      #expect(refusal(try scaling(model: { $0.data(3, text) })).message.contains("name is not valid UTF-8"))
      #expect(refusal(try scaling(model: { $0.data(6, text) })).message.contains("label 0 is not valid UTF-8"))
      #expect(refusal(try scaling(layer: { $0.data(1, text) })).message.contains("the name of layer 0"))
      #expect(refusal(try scaling(layer: { $0.data(2, text) })).message.contains("input 1 of layer 'scaled'"))
    }
  }

  /// Names are the same where their bytes are: é is not e with an accent.
  @Test func namesAreBytes() throws {
    var network = Networks.network(
      [
        Networks.relu("\u{E9}", "data"), Networks.relu("e\u{301}", "\u{E9}"),
        Layer(name: "prob", inputs: ["e\u{301}"], operation: .softmax),
      ], size: 1)
    network.preprocessing.shortSide = 1
    let model = try load(try ModelWriter.serialize(network))
    #expect(try model.index(of: "\u{E9}") == 0)
    #expect(try model.index(of: "e\u{301}") == 1)
  }

  @Test func tensorsMayNotShareBytes() throws {
    #expect(throws: Never.self) { try load(try scaling(shiftOffset: 12)) }
    for offset in [0, 4, 11] {
      let error = refusal(try scaling(shiftOffset: offset))
      #expect(error.status == .invalidModel)
      #expect(error.message.contains("layer 'scaled': scale and layer 'scaled': shift"), "\(error.message)")
    }
  }

  /// However many layers there are, each value is read once.
  @Test func valuesAreReadOnce() throws {
    var layers: [Layer] = []
    var last = "data"
    for index in 0..<300 {
      var it = BatchNormalization()
      it.mean = try Networks.tensor(3)
      it.variance = try Tensor([1, 2, 3], dims: [3])
      it.scale = try Networks.tensor(3)
      layers.append(Layer(name: "bn\(index)", inputs: [last], operation: .batchNormalization(it)))
      last = "bn\(index)"
    }
    layers.append(Layer(name: "prob", inputs: [last], operation: .softmax))
    for network in [Networks.network(layers, size: 1), try Networks.inception()] {
      let file = try ModelWriter.serialize(network)
      let model = try load(file)
      let stored = model.network.layers.reduce(0) { sum, layer in
        layer.operation.tensors.reduce(sum) { $0 + $1.tensor.bytes.count }
      }
      #expect(model.valueBytes == stored && stored <= file.count)
    }
  }

  @Test func whatIsNoModelIsRefused() throws {
    #expect(refusal([]).message.contains("empty"))
    #expect(refusal(Array("not a model file at all, but text".utf8)).status == .invalidModel)
    #expect(refusal([UInt8](repeating: 0, count: 100)).status == .invalidModel)
    #expect(refusal([0x08, 0x01]).message.contains("checksum"))
  }

  @Test func missingFilesAreNamed() throws {
    do throws(GoogLeNetError) {
      _ = try Model(path: "/nonexistent/model.gln")
      Issue.record("accepted")
    } catch {
      #expect(error.status == .ioError)
      #expect(error.message.contains("/nonexistent/model.gln"))
    }
    do throws(GoogLeNetError) { _ = try Model(path: "/") } catch {
      #expect(error.message.contains("directory"))
    }
  }
}
