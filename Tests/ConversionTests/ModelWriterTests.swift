import Conversion
import Foundation
import GoogLeNet
import Testing

@Suite struct ModelWriterTests {
  private func network(_ storage: ElementType = .float32) throws -> Network {
    var options = ConversionOptions()
    options.weightStorage = storage
    options.labels = ["a", "b", "c"]
    options.name = "small"
    var network = try convert(CaffeFile.small(legacy: false).bytes, options: options).network
    network.metadata = [MetadataEntry(key: "licence", value: "CC BY 4.0"), MetadataEntry(key: "b", value: "ü\n")]
    return network
  }

  @Test(arguments: [ElementType.float32, .float16, .int8]) func roundTrip(storage: ElementType) throws {
    try roundTrip(try network(storage))
  }

  /// Libraries from before there were other rules read what says none, and refuse the rest by its version.
  @Test(arguments: Preprocessing.ResizeRule.allCases) func roundTripOfResizeRules(rule: Preprocessing.ResizeRule) throws
  {
    var network = try network()
    network.preprocessing.resizeRule = rule
    try roundTrip(network)
    #expect(try ModelWriter.serialize(network).dropFirst(10).prefix(2) == [1 << 3, rule == .shortSide ? 1 : 2])
  }

  @Test(arguments: [false, true]) func roundTripOfPaddingRules(extraFirst: Bool) throws {
    var network = try network()
    #expect(try ModelWriter.serialize(network).dropFirst(10).prefix(2) == [1 << 3, 1])
    let border = Border.same(extraFirst: extraFirst)
    var changed = 0
    for place in network.layers.indices {
      switch network.layers[place].operation {
      case .convolution(var it):
        it.border = border
        network.layers[place].operation = .convolution(it)
      case .pooling(var it):
        it.border = border
        network.layers[place].operation = .pooling(it)
      default: continue
      }
      changed += 1
    }
    #expect(changed > 1)
    try roundTrip(network)
    #expect(try ModelWriter.serialize(network).dropFirst(10).prefix(2) == [1 << 3, 3])
  }

  @Test func roundTripOf16BitIntegers() throws {
    var network = try convert(try GoldenFiles.bytes("tflite-uint8-asymmetric.tflite")).network
    #expect(network.layers.contains { $0.operation.tensors.contains { $0.1.elementType == .int16 } })
    network.name = "small"
    try roundTrip(network)
  }

  private func roundTrip(_ network: Network) throws {
    try withTemporaryFolder { folder in
      let path = folder + "/small.gln"
      try ModelWriter.write(network, to: OutputFile(path))
      let read = try Model(path: path).network
      #expect(read.name == "small")
      #expect(read.labels == network.labels)
      #expect(read.metadata == network.metadata)
      #expect(read.inputName == network.inputName)
      #expect(read.preprocessing == network.preprocessing)
      #expect(read.layers.map(\.inputs) == network.layers.map(\.inputs))
      for (left, right) in zip(read.layers, network.layers) { try expectEqual(left, right) }
      #expect(try [UInt8](Data(contentsOf: URL(fileURLWithPath: path))) == ModelWriter.serialize(network))
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["small.gln"])
    }
  }

  @Test func weightsAreAlignedInTheFile() throws {
    let network = try network()
    let bytes = try ModelWriter.serialize(network)
    // The first tensor's bytes, searched for, and each further one 64-byte aligned behind it.
    for layer in network.layers {
      for (_, tensor) in layer.operation.tensors {
        let places = stride(from: 0, through: bytes.count - tensor.bytes.count, by: 64).filter {
          bytes[$0..<$0 + tensor.bytes.count].elementsEqual(tensor.bytes)
        }
        #expect(!places.isEmpty, "\(layer.name)")
      }
    }
  }

  @Test func smallerWeightsAreClose() throws {
    let exact = try network()
    for (storage, tolerance) in [(ElementType.float16, Float(0.001)), (.int8, 0.012)] {
      for (layer, original) in zip(try network(storage).layers, exact.layers) {
        for ((field, tensor), (_, reference)) in zip(layer.operation.tensors, original.operation.tensors) {
          #expect(tensor.elementType == ("\(field)" == "weights" ? storage : .float32))
          for (value, wanted) in zip(tensor.floats(), reference.floats()) { #expect(abs(value - wanted) <= tolerance) }
        }
      }
    }
  }

  /// They are a quantized file's own.
  @Test func roundingTo16BitIntegersIsRefused() {
    let error = #expect(throws: GoogLeNetError.self) { try network(.int16) }
    #expect(error?.status == .invalidArgument)
    #expect(error?.message.contains("int16") == true)
  }

  /// protobuf-c cuts texts at a zero byte, so that two names could become one.
  @Test func textsWithZeroBytesAreRefused() throws {
    for change in [
      { $0.layers[0].name = "a\0b" }, { $0.labels = ["a", "b\0", "c"] }, { $0.name = "\0" },
      { $0.metadata[0].key += "\0" },
      { $0.metadata[0].value = "\0" },
    ]
      as [(inout Network) -> Void]
    {
      var network = try network()
      change(&network)
      let error = #expect(throws: GoogLeNetError.self) { try ModelWriter.serialize(network) }
      #expect(error?.status == .invalidModel)
      #expect(error?.message.contains("zero byte") == true)
    }
  }

  private static let metadata: [(entries: [MetadataEntry], told: String)] = [
    ([MetadataEntry(key: "", value: "a")], "the key of metadata entry 0 is empty"),
    ([MetadataEntry(key: String(repeating: "k", count: 257), value: "")], "has 257 bytes: at most 256 are supported"),
    (
      [MetadataEntry(key: "a", value: String(repeating: "v", count: 10_000_000))],
      "has 10000000 bytes: at most 65536 are supported"
    ),
    ([MetadataEntry(key: "a", value: "1"), MetadataEntry(key: "a", value: "2")], "key 'a' is there twice"),
    ((0...1024).map { MetadataEntry(key: "\($0)", value: "") }, "1025 metadata entries: at most 1024 are supported"),
    (
      (0..<64).map { MetadataEntry(key: "\($0)", value: String(repeating: "v", count: 65_536)) },
      "bytes of names, labels and metadata: at most 4194304"
    ),
  ]

  @Test(arguments: metadata) func metadataThatNoFileCanHoldIsRefused(entries: [MetadataEntry], told: String) throws {
    var network = try network()
    network.metadata = entries
    let error = #expect(throws: GoogLeNetError.self) { try ModelWriter.serialize(network) }
    #expect(error?.status == .invalidModel)
    #expect(error?.message.contains(told) == true, "\(error?.message ?? "")")
  }

  @Test func weightsBeyondFloat16AreRefused() {
    var file = CaffeFile.small(legacy: false)
    file.layers[0].blobs[0].values[0] = 65520
    var options = ConversionOptions()
    options.weightStorage = .float16
    let error = #expect(throws: GoogLeNetError.self) { try convert(file.bytes, options: options) }
    #expect(error?.message.contains("'conv'") == true)
    file.layers[0].blobs[0].values[0] = 65519
    #expect(throws: Never.self) { try convert(file.bytes, options: options) }
  }

  /// A limit on file sizes stands for a full disk: a write beyond it fails in the same way. It holds for a whole
  /// process, so the test runs in one of its own.
  @Test func fullDiskLeavesTheOldFileAlone() async {
    await #expect(processExitsWith: .success) {
      let network = try convert(CaffeFile.small(legacy: false).bytes).network
      try withTemporaryFolder { folder in
        let path = try write([1, 2, 3], folder + "/old.gln")
        signal(SIGXFSZ, SIG_IGN)
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
        let before = limit.rlim_cur
        limit.rlim_cur = 512
        setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
        let error = #expect(throws: GoogLeNetError.self) { try ModelWriter.write(network, to: OutputFile(path)) }
        limit.rlim_cur = before
        setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
        #expect(error?.status == .ioError)
        #expect(error?.message.contains(path) == true)
        #expect(try [UInt8](Data(contentsOf: URL(fileURLWithPath: path))) == [1, 2, 3])
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["old.gln"])
      }
    }
  }

  @Test func foldersThatDoNotExistAreNamed() throws {
    let network = try network()
    let error = #expect(throws: GoogLeNetError.self) {
      try ModelWriter.write(network, to: OutputFile("/nonexistent/model.gln"))
    }
    #expect(error?.status == .ioError)
    #expect(error?.message.contains("/nonexistent/model.gln") == true)
  }
}
