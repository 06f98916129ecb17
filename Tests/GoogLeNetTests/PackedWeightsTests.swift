import Testing

@testable import Conversion
@testable import GoogLeNet

/// Plans of one model never take each other's packed weights for their own: what a layer gives does not depend on what ran before.
@Suite struct PackedWeightsTests {
  private static let tiers = [ISA.portable, .avx2, .best]

  private func session(
    _ weights: PackedWeightsCache, _ isa: ISA, _ precision: Precision = .auto, height: Int = 0, width: Int = 0
  )
    throws
    -> Session
  {
    var options = SessionOptions()
    options.maxISA = isa
    options.threads = 1
    options.precision = precision
    options.inputHeight = height
    options.inputWidth = width
    return try Session(sharing: weights, options: options)
  }

  private func layer(_ name: String, of session: Session, _ input: [Float]) throws -> [Float] {
    var result = [Float](repeating: .nan, count: try session.layerShape(name).count)
    try input.withUnsafeBytes { bytes in
      let batch = try Batch(.tensors, data: bytes.baseAddress, count: 1)
      try result.withUnsafeMutableBufferPointer { try session.layer(name, batch, into: $0) }
    }
    return result
  }

  private func expect(_ got: [Float], _ want: [Float], within tolerance: Float, _ what: String) {
    let worst = zip(got, want).map { abs($0 - $1) }.max() ?? .infinity
    #expect(worst <= tolerance, "\(what)")
  }

  private func integers(_ dims: [Int], seed: UInt64) throws -> Tensor {
    var random = RandomNumbers(seed: seed)
    let values = (0..<dims.reduce(1, *)).map { _ in Int8.random(in: -127...127, using: &random) }
    let block = try #require(HeapBlock(byteCount: values.count))
    values.withUnsafeBytes { block.mutableBytes.copyMemory(from: $0) }
    return Tensor(
      dims: dims, elementType: .int8, scales: (0..<dims[0]).map { 0.001 + 0.0001 * Float($0 % 7) }, bytes: block.bytes,
      owner: block)
  }

  private func input(_ count: Int, seed: UInt64 = 4) -> [Float] {
    var random = RandomNumbers(seed: seed)
    return random.floats(count)
  }

  /// How many of a chain of batch normalizations are folded into the convolution.
  @Test(arguments: tiers) func foldedNormalizations(isa: ISA) throws {
    var first = BatchNormalization()
    first.scale = try Networks.tensor(9, seed: 1)
    first.shift = try Networks.tensor(9, seed: 2)
    var second = BatchNormalization()
    second.scale = try Networks.tensor(9, seed: 3)
    let model = try Model(
      network: Networks.network([
        try Networks.convolution("conv", "data", 3, 9, kernel: 3, padding: 1),
        Layer(name: "bn1", inputs: ["conv"], operation: .batchNormalization(first)),
        Layer(name: "bn2", inputs: ["bn1"], operation: .batchNormalization(second)),
        // Both of one length of the chain, but of other layers.
        Layer(name: "other", inputs: ["conv"], operation: .batchNormalization(second)),
        Networks.relu("relu", "bn2"), Networks.pooling("pool", "relu", .max, kernel: 17, stride: 1),
        Layer(name: "prob", inputs: ["pool"], operation: .softmax),
      ]))
    let session = try session(try PackedWeightsCache(of: model), isa)
    let input = input(3 * 17 * 17)
    let reference = try ReferenceNetwork(model, input: input, height: 17, width: 17)
    for name in ["bn1", "bn2", "other", "conv", "bn1", "other"] {
      expect(try layer(name, of: session, input), reference.outputs[name]!.values.map(Float.init), within: 1e-4, name)
    }
  }

  /// Integer kernels pack otherwise where pixels have gaps, as in a concatenation.
  @Test(arguments: tiers, [5, 8]) func pixelStrides(isa: ISA, channels: Int) throws {
    var it = Convolution(weights: try integers([8, channels, 3, 3], seed: 8), bias: try Networks.tensor(8))
    it.border = .explicit(Padding(top: 1, left: 1, bottom: 1, right: 1))
    var all = Pooling(.average)
    all.global = true
    let model = try Model(
      network: Networks.network([
        try Networks.convolution("conv1", "data", 3, channels, kernel: 1),
        Layer(name: "relu1", inputs: ["conv1"], operation: .relu, outputScale: 0.02),
        Layer(name: "conv2", inputs: ["relu1"], operation: .convolution(it)),
        Layer(name: "relu2", inputs: ["conv2"], operation: .relu, outputScale: 0.02),
        Layer(name: "concat", inputs: ["relu1", "relu2"], operation: .concat),
        Layer(name: "pool", inputs: ["concat"], operation: .pooling(all)),
        Layer(name: "prob", inputs: ["pool"], operation: .softmax),
      ]))
    let weights = try PackedWeightsCache(of: model)
    let integer = try session(weights, isa)
    let float = try session(weights, isa, .float32)
    let input = input(3 * 17 * 17)
    for name in ["relu2", "concat", "conv2", "relu2", "concat"] {
      expect(
        try layer(name, of: integer, input), try layer(name, of: float, input), within: 0.25, "\(name), \(channels)")
    }
  }

  /// An inner product's kernel is as large as its input.
  @Test(arguments: tiers) func inputsOfInnerProducts(isa: ISA) throws {
    let model = try Model(
      network: Networks.network(
        [
          try Networks.convolution("conv1", "data", 3, 5, kernel: 1),
          Layer(name: "relu1", inputs: ["conv1"], operation: .relu, outputScale: 0.02),
          Layer(
            name: "fc", inputs: ["relu1"],
            operation: .innerProduct(InnerProduct(weights: try integers([8, 5 * 36], seed: 3)))),
          Layer(name: "prob", inputs: ["fc"], operation: .softmax),
        ], size: 6))
    let weights = try PackedWeightsCache(of: model)
    let sizes = [(6, 6), (4, 9), (9, 4), (3, 12)]
    for (height, width) in sizes + sizes.reversed() {
      let integer = try sizes.map { try session(weights, isa, height: $0.0, width: $0.1) }
      let place = try #require(sizes.firstIndex { $0 == (height, width) })
      let float = try session(weights, isa, .float32, height: height, width: width)
      let input = input(3 * 36)
      expect(
        try layer("fc", of: integer[place], input), try layer("fc", of: float, input), within: 0.25,
        "\(height) x \(width)")
    }
    #expect(weights.count == 0)
  }

  /// Two layers that store a convolution's output in units of their own.
  @Test(arguments: tiers) func outputScales(isa: ISA) throws {
    var it = Convolution(weights: try integers([16, 3, 3, 3], seed: 8), bias: try Networks.tensor(16))
    it.border = .explicit(Padding(top: 1, left: 1, bottom: 1, right: 1))
    var all = Pooling(.average)
    all.global = true
    var network = Networks.network([
      Layer(name: "conv", inputs: ["data"], operation: .convolution(it)),
      Layer(name: "fine", inputs: ["conv"], operation: .relu, outputScale: 0.03),
      Layer(name: "coarse", inputs: ["conv"], operation: .relu, outputScale: 0.06),
      Layer(name: "pool", inputs: ["fine"], operation: .pooling(all)),
      Layer(name: "prob", inputs: ["pool"], operation: .softmax),
    ])
    network.preprocessing.scale = [0.02, 0.02, 0.02]
    let model = try Model(network: network)
    let weights = try PackedWeightsCache(of: model)
    let integer = try session(weights, isa)
    let float = try session(weights, isa, .float32)
    let pixels = input(3 * 17 * 17).map { (abs($0) * 100).rounded() * 0.02 }
    for name in ["coarse", "fine", "coarse", "conv"] {
      expect(try layer(name, of: integer, pixels), try layer(name, of: float, pixels), within: 0.1, name)
    }
  }
}
