import Conversion
import GoogLeNet
import Testing

/// ONNX files that are quantized already, in QDQ form.
@Suite struct QuantizedONNXTests {
  /// (pixel − mean) × scale with one scale for all channels, without which pixels cannot be read in int8.
  private static var options: ConversionOptions {
    var options = ConversionOptions()
    options.mean = [100, 110, 120]
    options.scale = [0.5]
    return options
  }

  private func convert(_ file: ONNXFile, _ options: ConversionOptions = options) throws -> ConversionResult {
    try ConversionTests.convert(file.bytes, options: options)
  }

  private func layer(_ result: ConversionResult, _ name: String) throws -> Layer {
    try #require(result.network.layers.first { $0.name == name })
  }

  private func bytes(_ tensor: Tensor?) -> [Int8] {
    tensor.map { $0.bytes.bindMemory(to: Int8.self) }.map { [Int8]($0) } ?? []
  }

  private func weights(_ result: ConversionResult, _ name: String) throws -> Tensor {
    switch try layer(result, name).operation {
    case .convolution(let it): it.weights
    case .innerProduct(let it): it.weights
    default: throw GoogLeNetError(.notFound, name)
    }
  }

  @Test func scalesAndWeightsAreThoseOfTheFile() throws {
    let result = try convert(ONNXFile.quantized())
    #expect(result.network.layers.map(\.name) == ["conv", "conv_q", "pool", "fc", "prob"])
    // What is negative is stored as 0: a ReLU.
    guard case .relu = try layer(result, "conv_q").operation else { return #expect(Bool(false), "no ReLU") }
    #expect(try layer(result, "conv_q").outputScale == 0.125)
    #expect(try layer(result, "pool").outputScale == 0.0625)
    #expect(try layer(result, "fc").outputScale == nil)
    let convolution = try weights(result, "conv")
    #expect(convolution.elementType == .int8 && convolution.scales == [0.5, 0.25])
    #expect(bytes(convolution) == ONNXFile.weights.map { Int8($0) })
    guard case .convolution(let it) = try layer(result, "conv").operation else { return }
    #expect(it.bias?.floats() == [10, -10])
    // Transposed, with the scales along.
    let product = try weights(result, "fc")
    #expect(product.elementType == .int8 && product.scales == [1, 2, 3, 4] && product.dims == [4, 2])
    #expect(bytes(product) == [-4, 0, -3, 1, -2, 2, -1, 3])
    let model = try Model(network: result.network)
    #expect(model.precision == .int8)
    #expect(result.notes.contains { $0.contains("2 of 2 convolutions and inner products compute in int8") })
  }

  /// Model files may have scales that ONNX files must not: such weights are exported as floats.
  @Test(arguments: [Float.leastNonzeroMagnitude * 8000, -0.5]) func scalesThatONNXDoesNotHaveAreExportedAsFloats(
    scale: Float
  ) throws {
    var network = try convert(ONNXFile.quantized()).network
    guard case .convolution(var it) = network.layers[0].operation else { return #expect(Bool(false), "no convolution") }
    let block = try #require(HeapBlock(byteCount: it.weights.bytes.count))
    block.mutableBytes.copyMemory(from: it.weights.bytes)
    it.weights = Tensor(
      dims: it.weights.dims, elementType: .int8, scales: [scale, 0.25], bytes: block.bytes, owner: block)
    network.layers[0].operation = .convolution(it)
    try withTemporaryFolder { folder in
      try ONNXExporter.write(try Model(network: network), to: OutputFile(folder + "/model.onnx"))
      let read = try Converter.convert(path: folder + "/model.onnx", options: ConversionOptions()).network
      guard case .convolution(let back)? = read.layers.first?.operation else {
        return #expect(Bool(false), "no convolution")
      }
      #expect(back.weights.elementType == .float32)
      #expect(back.weights.floats() == it.weights.floats())
    }
  }

  @Test func theWrittenModelIsTheSame() throws {
    let result = try convert(ONNXFile.quantized())
    try withTemporaryFolder { folder in
      try ModelWriter.write(result.network, to: OutputFile(folder + "/model.gln"))
      let model = try Model(path: folder + "/model.gln")
      #expect(model.precision == .int8)
      for (one, other) in zip(model.network.layers, result.network.layers) {
        try expectEqual(one, other)
        #expect(one.outputScale == other.outputScale)
      }
    }
  }

  /// The int8 session computes what the file's integers say, to the last bit: all numbers here are exact in float32.
  @Test func sessionsComputeTheIntegersOfTheFile() throws {
    var file = ONNXFile.quantized()
    file.replace(ONNXFile.floats("rs", [], [8]))
    let result = try convert(file)
    let session = try Session(model: try Model(network: result.network))
    let pixels = (0..<8 * 8 * 3).map { UInt8($0 * 37 % 256) }
    func output(_ name: String) throws -> [Float] {
      var values = [Float](repeating: .nan, count: try session.layerShape(name).count)
      try pixels.withUnsafeBytes { bytes in
        let batch = try Batch(.pixels(.rgb), data: bytes.baseAddress, count: 1)
        try values.withUnsafeMutableBufferPointer { try session.layer(name, batch, into: $0) }
      }
      return values
    }
    let mean: [Float] = [100, 110, 120]
    var wanted: [Float] = []
    for channel in 0..<2 {
      let scale: Float = channel == 0 ? 0.5 : 0.25
      for place in 0..<64 {
        var sum: Float = channel == 0 ? 10 : -10
        for (index, weight) in ONNXFile.weights[channel * 27..<(channel + 1) * 27].enumerated() {
          let (y, x) = (place / 8 + index % 9 / 3 - 1, place % 8 + index % 3 - 1)
          guard 0..<8 ~= y, 0..<8 ~= x else { continue }
          let pixel = Float(pixels[(y * 8 + x) * 3 + index / 9])
          sum += weight * scale * (pixel - mean[index / 9]) * 0.5
        }
        wanted.append(min(max((sum / 8).rounded(.toNearestOrEven), 0), 255) * 8)
      }
    }
    #expect(try output("conv_q") == wanted)
    #expect(Set(wanted).count > 20)
  }

  @Test func aReLUOfItsOwnStays() throws {
    var file = ONNXFile.quantized()
    file.nodes.insert(ONNXFile.Node(type: "Relu", inputs: ["conv"], output: "relu"), at: 6)
    file.change("conv_q") { $0.inputs[0] = "relu" }
    let result = try convert(file)
    #expect(result.network.layers.map(\.name) == ["conv", "relu", "pool", "fc", "prob"])
    #expect(try layer(result, "relu").outputScale == 0.125)
  }

  /// Signed integers whose least one stands for 0 are the unsigned ones by another name.
  @Test func signedActivationsFromTheLeastIntegerOn() throws {
    var file = ONNXFile.quantized()
    file.replace(ONNXFile.integers("zero", [], type: 3, [Int8(-128)]))
    let result = try convert(file)
    #expect(try layer(result, "conv_q").outputScale == 0.125)
    #expect(!result.notes.contains { $0.contains("fewer than 256 levels") })
  }

  /// Of a zero point in the middle, half of the integers are left for what is not negative.
  @Test(arguments: [(2, 128), (3, 0)])
  func symmetricActivations(type: Int, zeroPoint: Int) throws {
    var file = ONNXFile.quantized()
    file.replace(ONNXFile.integers("zero", [], type: type, [UInt8(zeroPoint)]))
    file.nodes.insert(ONNXFile.Node(type: "Relu", inputs: ["conv_dq"], output: "relu"), at: 8)
    file.change("pool") { $0.inputs[0] = "relu_dq" }
    file.pair("relu", "rs", "zero")
    file.nodes.insert(contentsOf: file.nodes.suffix(2), at: 9)
    file.nodes.removeLast(2)
    let result = try convert(file)
    #expect(result.network.layers.map(\.name) == ["conv", "relu", "pool", "fc", "prob"])
    #expect(try layer(result, "relu").outputScale == 0.125)
    #expect(try Model(network: result.network).precision == .int8)
    #expect(result.notes.contains { $0.contains("2 activations have fewer than 256 levels above 0") })
  }

  /// Values below 0 would need a zero point, which no kernel has: what reads them computes in float32.
  @Test func readersOfNegativeValuesStayFloat32() throws {
    var file = ONNXFile.quantized()
    for value in ["conv", "pool", "flat"] {
      file.change(value + "_q") { $0.inputs[2] = "lz" }
      file.change(value + "_dq") { $0.inputs[2] = "lz" }
    }
    let result = try convert(file)
    #expect(result.network.layers.map(\.name) == ["conv", "pool", "fc", "prob"])
    // What reads the pixels alone would leave nothing to store in 8 bits.
    #expect(try Model(network: result.network).precision == .float32)
    #expect(result.notes.contains { $0.contains("0 of 2 convolutions") })
    #expect(result.notes.contains { $0.contains("computed in float32") && $0.contains("'conv', 'fc'") })
  }

  @Test func channelsOfDifferentScalesLeaveTheStemInFloat32() throws {
    var options = QuantizedONNXTests.options
    options.scale = [0.5, 0.25, 0.5]
    let result = try convert(ONNXFile.quantized(), options)
    let stem = try weights(result, "conv")
    #expect(stem.elementType == .float32)
    #expect(stem.floats() == zip(ONNXFile.weights.indices, ONNXFile.weights).map { $1 * ($0 < 27 ? 0.5 : 0.25) })
    #expect(try weights(result, "fc").elementType == .int8)
    #expect(result.notes.contains { $0.contains("computed in float32") && $0.contains("'conv'") })
    #expect(try Model(network: result.network).precision == .int8)
  }

  /// Less their zero point not all unsigned bytes are signed ones.
  @Test(arguments: [(UInt8(120), ElementType.int8), (0, .int16)])
  func weightsWithZeroPoints(zeroPoint: UInt8, type: ElementType) throws {
    var file = ONNXFile.quantized()
    let stored = (0..<54).map { UInt8(100 + $0) }
    file.replace(ONNXFile.integers("w8", [2, 3, 3, 3], type: 2, stored))
    file.replace(ONNXFile.floats("ws", [], [0.5]))
    file.replace(ONNXFile.integers("wz", [], type: 2, [zeroPoint]))
    let result = try convert(file)
    let found = try weights(result, "conv")
    #expect(found.elementType == type)
    #expect(found.floats() == stored.map { Float(Int($0) - Int(zeroPoint)) * 0.5 })
    #expect(!result.notes.contains { $0.contains("'conv'") })
  }

  @Test func weightsStoredAsFloatsAndRoundedByANodeAreRoundedHere() throws {
    var file = ONNXFile.quantized()
    file.replace(ONNXFile.floats("w8", [2, 3, 3, 3], ONNXFile.weights.map { $0 * 0.26 }))
    file.change("w") { $0.inputs[0] = "w_q" }
    file.nodes.insert(
      ONNXFile.Node(
        type: "QuantizeLinear", inputs: ["w8", "ws", "wz"], output: "w_q", attributes: [ONNXFile.int("axis", 0)]), at: 2
    )
    let result = try convert(file)
    let rounded = ONNXFile.weights.enumerated().map { index, value in
      Int8((value * 0.26 / (index < 27 ? 0.5 : 0.25)).rounded(.toNearestOrEven))
    }
    #expect(bytes(try weights(result, "conv")) == rounded)
  }

  /// The branches get the concatenation's unit, in which the reader wants them.
  @Test func concatenationsDecideTheScaleOfTheirBranches() throws {
    var file = ONNXFile.quantized()
    file.tensors.append(ONNXFile.floats("js", [], [0.75]))
    file.replace(ONNXFile.integers("m8", [4, 4], type: 3, (0..<16).map { Int8($0 - 4) }))
    file.nodes.insert(
      contentsOf: [
        ONNXFile.Node(type: "Relu", inputs: ["conv_dq"], output: "again"),
        ONNXFile.Node(
          type: "Concat", inputs: ["conv_dq", "again"], output: "join", attributes: [ONNXFile.int("axis", 1)]),
        ONNXFile.Node(type: "QuantizeLinear", inputs: ["join", "js", "zero"], output: "join_q"),
        ONNXFile.Node(type: "DequantizeLinear", inputs: ["join_q", "js", "zero"], output: "join_dq"),
      ], at: 8)
    file.change("pool") { $0.inputs[0] = "join_dq" }
    let result = try convert(file)
    let model = try Model(network: result.network)
    for (index, layer) in model.network.layers.enumerated() where ["conv_q", "again", "join"].contains(layer.name) {
      #expect(model.encodings[index] == .u8(scale: 0.75), "\(layer.name)")
    }
    #expect(result.notes.contains { $0.contains("1 activations are rounded once") })
  }

  @Test(arguments: [ElementType.float32, .float16])
  func dequantizedWhereAskedFor(storage: ElementType) throws {
    var options = QuantizedONNXTests.options
    options.weightStorage = storage
    let result = try convert(ONNXFile.quantized(), options)
    #expect(try weights(result, "conv").elementType == storage)
    #expect(try weights(result, "fc").floats() == [-4, 0, -6, 2, -6, 6, -4, 12])
    #expect(try Model(network: result.network).precision == .float32)
    #expect(result.notes.contains { $0.contains("dequantized") })
  }

  @Test func scalesAndZeroPointsThatDoNotFitAreRefused() {
    func refuse(_ status: Status, _ part: String, _ node: String, _ change: (inout ONNXFile) -> Void) {
      var file = ONNXFile.quantized()
      change(&file)
      expectError(file.bytes, status, part, node, options: QuantizedONNXTests.options)
    }
    for scale in [Float(0), -1, .nan, .infinity, .leastNonzeroMagnitude] {
      refuse(.invalidModel, "its scale is", "'n_conv_q'") { $0.replace(ONNXFile.floats("rs", [], [scale])) }
    }
    refuse(.invalidModel, "no scale", "'n_conv_q'") { $0.replace(ONNXFile.floats("rs", [0], [])) }
    refuse(.unsupported, "with 2 scales", "'n_conv_q'") {
      $0.replace(ONNXFile.floats("rs", [2], [1, 2]))
      $0.replace(ONNXFile.integers("zero", [2], type: 2, [UInt8(0), 0]))
    }
    refuse(.invalidModel, "zero points are not 2", "'n_w'") {
      $0.replace(ONNXFile.integers("wz", [3], type: 3, [Int8(0), 0, 0]))
    }
    refuse(.invalidModel, "zero points are not 2", "'n_w'") {
      $0.replace(ONNXFile.integers("wz", [2], type: 7, [Int.min, 0]))
    }
    refuse(.invalidModel, "2 scales along axis 1", "'n_w'") { $0.change("w") { $0.attributes = [] } }
    refuse(.invalidModel, "2 scales along axis -9", "'n_w'") {
      $0.change("w") { $0.attributes = [ONNXFile.int("axis", -9)] }
    }
    refuse(.unsupported, "block_size", "'n_w'") {
      $0.change("w") { $0.attributes.append(ONNXFile.int("block_size", 3)) }
    }
    refuse(.unsupported, "8 or 16 bits", "'n_conv_q'") {
      $0.replace(ONNXFile.integers("zero", [], type: 6, [Int32(0)]))
    }
    refuse(.unsupported, "not those of the QuantizeLinear", "'n_conv_dq'") {
      $0.change("conv_dq") { $0.inputs[1] = "ps" }
    }
    refuse(.unsupported, "only DequantizeLinear", "'n_pool'") { $0.change("pool") { $0.inputs[0] = "conv_q" } }
    refuse(.unsupported, "no QuantizeLinear made", "'n_conv_dq'") { $0.change("conv_dq") { $0.inputs[0] = "conv" } }
    refuse(.invalidModel, "not integers", "'n_w'") {
      $0.replace(ONNXFile.floats("w8", [2, 3, 3, 3], ONNXFile.weights))
    }
    refuse(.invalidModel, "beyond 32 bits", "'n_w'") {
      $0.replace(ONNXFile.integers("w8", [2, 3, 3, 3], type: 7, [Int](repeating: .max, count: 54)))
    }
  }
}
