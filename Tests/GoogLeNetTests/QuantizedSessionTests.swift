import Conversion
import Foundation
import Testing

@testable import GoogLeNet

/// Sessions of an int8 model.
@Suite struct QuantizedSessionTests {
  private static let pictureSize = 17 * 17 * 3

  private static func pictures(_ count: Int, seed: UInt64 = 21, size: Int = pictureSize) -> [[UInt8]] {
    var random = RandomNumbers(seed: seed)
    return (0..<count).map { _ in
      // A colour of its own for each picture, and noise.
      let base = (0..<3).map { _ in Int.random(in: 0...200, using: &random) }
      return (0..<size).map { UInt8(base[$0 % 3] + Int.random(in: 0...55, using: &random)) }
    }
  }

  /// Of the quantizable network; the calibration takes a while without optimization.
  nonisolated(unsafe) private static let pure = Result { try quantized(maxFloatShare: 0).network }

  private static func pureModel() throws -> Model { try Model(network: try pure.get()) }

  /// The same with weights in 16 bits, each times `factor`, and scales so much smaller.
  private static func wideModel(factor: Int16) throws -> Model { try widened(try pure.get(), factor: factor) }

  private static func widened(_ network: Network, factor: Int16) throws -> Model {
    var network = network
    for (index, layer) in network.layers.enumerated() {
      switch layer.operation {
      case .convolution(var it):
        it.weights = try widened(it.weights, factor)
        network.layers[index].operation = .convolution(it)
      case .innerProduct(var it):
        it.weights = try widened(it.weights, factor)
        network.layers[index].operation = .innerProduct(it)
      default: break
      }
    }
    return try Model(network: network)
  }

  private static func widened(_ weights: Tensor, _ factor: Int16) throws -> Tensor {
    let words = weights.bytes.map { max(-255, Int16(Int8(bitPattern: $0)) * factor) }
    return try tensor(
      words, dims: weights.dims, scales: weights.scales.map { $0 / Float(factor) }, inputScales: weights.inputScales)
  }

  private static func tensor(_ words: [Int16], dims: [Int], scales: [Float], inputScales: [Float] = []) throws -> Tensor
  {
    let block = try #require(HeapBlock(byteCount: words.count * 2))
    words.withUnsafeBytes { block.mutableBytes.copyMemory(from: $0) }
    return Tensor(
      dims: dims, elementType: .int16, scales: scales, inputScales: inputScales, bytes: block.bytes, owner: block)
  }

  private static func model(isWide: Bool) throws -> Model { isWide ? try wideModel(factor: 2) : try pureModel() }

  private static func quantized(_ network: Network? = nil, maxFloatShare: Double) throws -> Model {
    let model = try Model(network: try network ?? Networks.quantizable())
    let preprocessing = model.network.preprocessing
    let size = preprocessing.inputHeight * preprocessing.inputWidth * 3
    var options = QuantizationOptions()
    options.maxFloatShare = maxFloatShare
    options.heldOutEvery = 0
    let pictures = pictures(16, seed: 3, size: size).enumerated().map { CalibrationPicture(name: "\($0)", pixels: $1) }
    return try Model(network: try Quantizer.quantize(model: model, pictures: pictures, options: options).network)
  }

  private func predict(_ session: Session, _ pixels: [UInt8], output: Output = .probabilities) throws -> [Float] {
    let count = pixels.count / QuantizedSessionTests.pictureSize
    var result = [Float](repeating: .nan, count: count * session.model.classCount)
    try pixels.withUnsafeBytes { bytes in
      let batch = try Batch(.pixels(.rgb), data: bytes.baseAddress, count: count)
      try result.withUnsafeMutableBufferPointer { try session.predict(batch, output: output, into: $0) }
    }
    return result
  }

  private func layer(_ session: Session, _ name: String, _ pixels: [UInt8]) throws -> [Float] {
    var result = [Float](repeating: .nan, count: try session.layerShape(name).count)
    try pixels.withUnsafeBytes { bytes in
      let batch = try Batch(.pixels(.rgb), data: bytes.baseAddress, count: 1)
      try result.withUnsafeMutableBufferPointer { try session.layer(name, batch, into: $0) }
    }
    return result
  }

  /// What the network sees of the pixels: planes in its channel order, mean and scale applied.
  private func planes(_ pixels: [UInt8], _ model: Model) -> [Float] {
    let preprocessing = model.network.preprocessing
    return (0..<3).flatMap { channel in
      (0..<17 * 17).map {
        (Float(pixels[$0 * 3 + 2 - channel]) - preprocessing.mean[channel]) * preprocessing.scale[channel]
      }
    }
  }

  private func totalVariation(_ one: [Float], _ other: [Float]) -> Float {
    zip(one, other).reduce(0) { $0 + abs($1.0 - $1.1) } / 2
  }

  /// Each layer with what it reads and the probabilities, which need both: as each of them alone.
  @Test func whatElseIsAskedForChangesNoBit() throws {
    let session = try Session(model: try QuantizedSessionTests.pureModel())
    let network = session.model.network
    let pixels = QuantizedSessionTests.pictures(1)[0]
    let alone = try network.layers.map { try layer(session, $0.name, pixels) }
    #expect(try predict(session, pixels) == alone[network.layers.count - 1])
    for index in network.layers.indices {
      let layers = [network.layers.count - 1, index] + session.model.inputs[index].filter { $0 >= 0 }
      var together = layers.map { [Float](repeating: .nan, count: alone[$0].count) }
      try pixels.withUnsafeBytes { bytes in
        let batch = try Batch(.pixels(.rgb), data: bytes.baseAddress, count: 1)
        let buffers = together.indices.map { place in together[place].withUnsafeMutableBufferPointer { $0 } }
        try session.layers(layers.map { network.layers[$0].name }, batch, into: buffers)
      }
      #expect(together == layers.map { alone[$0] }, "\(network.layers[index].name)")
    }
  }

  /// A sum that could take the place of a float32 input, and a ReLU fused into it that stores bytes for a convolution.
  @Test func bytesOfASumDoNotTakeThePlaceOfAnInput() throws {
    var global = Pooling(.average)
    global.global = true
    let network = Networks.network([
      try Networks.convolution("stem", "data", 3, 20, kernel: 3, padding: 1), Networks.relu("stem/relu", "stem"),
      try Networks.convolution("one", "stem/relu", 20, 20, kernel: 3, padding: 1),
      try Networks.convolution("two", "stem/relu", 20, 20, kernel: 1),
      Layer(name: "sum", inputs: ["one", "two"], operation: .sum), Networks.relu("sum/relu", "sum"),
      try Networks.convolution("next", "sum/relu", 20, 7, kernel: 3, padding: 1), Networks.relu("next/relu", "next"),
      Layer(name: "pool", inputs: ["next/relu"], operation: .pooling(global)),
      Layer(
        name: "fc", inputs: ["pool"],
        operation: .innerProduct(InnerProduct(weights: try Networks.tensor(5, 7)))),
      Layer(name: "prob", inputs: ["fc"], operation: .softmax),
    ])
    let model = try QuantizedSessionTests.quantized(network, maxFloatShare: 0)
    guard case .u8 = model.encodings[5], case .float32 = model.encodings[4] else { return #expect(Bool(false)) }
    let pixels = QuantizedSessionTests.pictures(1)[0]
    var options = SessionOptions()
    let integer = try layer(try Session(model: model, options: options), "next/relu", pixels)
    options.precision = .float32
    let float = try layer(try Session(model: model, options: options), "next/relu", pixels)
    let largest = float.reduce(0, max)
    for (one, other) in zip(integer, float) { #expect(abs(one - other) < largest / 20) }
  }

  @Test(arguments: [false, true]) func everyTierThreadCountAndBatchGivesTheSameBits(isWide: Bool) throws {
    let model = try QuantizedSessionTests.model(isWide: isWide)
    let pictures = QuantizedSessionTests.pictures(5)
    var wanted: [[Float]] = []
    var wantedLogits: [[Float]] = []
    for isa in ISA.allCases {
      for threads in [1, 2, 3] {
        var options = SessionOptions()
        options.maxISA = isa
        options.threads = threads
        let session = try Session(model: model, options: options)
        #expect(session.precision == .int8)
        let alone = try pictures.map { try predict(session, $0) }
        let logits = try pictures.map { try predict(session, $0, output: .logits) }
        if wanted.isEmpty { (wanted, wantedLogits) = (alone, logits) }
        let what = "\(isa.name), \(threads) threads"
        #expect(alone == wanted, "\(what)")
        #expect(logits == wantedLogits, "\(what)")
        #expect(try predict(session, pictures.flatMap { $0 }) == wanted.flatMap { $0 }, "\(what)")
      }
    }
    // Pictures that all look the same to the network would prove nothing.
    #expect(Set(wanted).count == pictures.count)
  }

  @Test(arguments: [false, true]) func everyLayerGivesTheSameBitsOnEveryTier(isWide: Bool) throws {
    let model = try QuantizedSessionTests.model(isWide: isWide)
    let picture = QuantizedSessionTests.pictures(1)[0]
    for name in model.network.layers.map(\.name) {
      let outputs = try ISA.allCases.map { isa in
        var options = SessionOptions()
        options.maxISA = isa
        return try layer(try Session(model: model, options: options), name, picture)
      }
      #expect(outputs.allSatisfy { $0 == outputs[0] }, "\(name)")
    }
  }

  @Test func weightsIn16BitsGiveTheSameBitsAsIn8() throws {
    let (model, wide) = (try QuantizedSessionTests.pureModel(), try QuantizedSessionTests.wideModel(factor: 1))
    for isa in ISA.allCases {
      var options = SessionOptions()
      options.maxISA = isa
      let (session, other) = (try Session(model: model, options: options), try Session(model: wide, options: options))
      #expect(other.precision == .int8)
      for picture in QuantizedSessionTests.pictures(2) {
        #expect(try predict(other, picture) == predict(session, picture), "\(isa.name)")
      }
    }
  }

  /// The largest sums in 32 bits; what is summed over more values computes in float32.
  @Test(arguments: [(129, 128, Precision.int8), (131, 127, .float32)])
  func largestSums(height: Int, width: Int, precision: Precision) throws {
    let depth = height * width
    let words = [Int16](repeating: 255, count: depth) + [Int16](repeating: -255, count: depth)
    let bias = try Tensor([0x1p30, -0x1p30], dims: [2])
    let total = Float(255 * 255 * depth + 1 << 30)
    let network = Network(
      name: "test", producer: "GoogLeNetTests",
      preprocessing: Preprocessing(
        inputHeight: height, inputWidth: width, channelOrder: .gray, mean: [0], scale: [1], shortSide: height),
      labels: [], inputName: "data",
      layers: [
        Layer(
          name: "copy", inputs: ["data"],
          operation: .convolution(
            Convolution(
              weights: try QuantizedSessionTests.tensor([1], dims: [1, 1, 1, 1], scales: [1]), bias: nil))),
        Layer(name: "copy/relu", inputs: ["copy"], operation: .relu, outputScale: 1),
        Layer(
          name: "fc", inputs: ["copy/relu"],
          operation: .innerProduct(
            InnerProduct(
              weights: try QuantizedSessionTests.tensor(words, dims: [2, depth], scales: [1, 1]), bias: bias))),
        Layer(name: "relu", inputs: ["fc"], operation: .relu, outputScale: total / 200),
        Layer(name: "prob", inputs: ["relu"], operation: .softmax),
      ])
    for isa in ISA.allCases {
      var options = SessionOptions()
      options.maxISA = isa
      let session = try Session(model: try Model(network: network), options: options)
      let picture = [UInt8](repeating: 255, count: depth)
      var values: [Float] = [.nan, .nan]
      var precisions: [Precision] = []
      try picture.withUnsafeBytes { bytes in
        let batch = try Batch(.pixels(.gray), data: bytes.baseAddress, count: 1)
        try values.withUnsafeMutableBufferPointer { try session.layer("relu", batch, into: $0) }
        try session.profile(batch) { _, operation, _ in
          if operation.shape.channels == 2, operation.multiplyAdds > 0 { precisions.append(operation.precision) }
        }
      }
      #expect(abs(values[0] / total - 1) < 1e-4)
      #expect(values[1] == 0)
      #expect(precisions == [precision])
    }
  }

  /// At an image size that leaves tiles at the edges partly outside.
  @Test(arguments: [false, true]) func winogradGivesTheSameBitsAsDirectConvolution(isWide: Bool) throws {
    var global = Pooling(.average)
    global.global = true
    let network = Networks.network(
      [
        try Networks.convolution("widen", "data", 3, 33, kernel: 1), Networks.relu("widen/relu", "widen"),
        try Networks.convolution("wide", "widen/relu", 33, 50, kernel: 3, padding: 1), Networks.relu("relu", "wide"),
        Layer(name: "pool", inputs: ["relu"], operation: .pooling(global)),
        Layer(name: "prob", inputs: ["pool"], operation: .softmax),
      ], size: 30)
    var model = try QuantizedSessionTests.quantized(network, maxFloatShare: 0)
    if isWide { model = try QuantizedSessionTests.widened(model.network, factor: 2) }
    let picture = QuantizedSessionTests.pictures(1, size: 30 * 30 * 3)[0]
    var wanted: [Float] = []
    for isa in ISA.allCases {
      for (algorithm, kernel) in [(Algorithm.direct, "direct"), (.auto, "Winograd F(4x4, 3x3)")] {
        var options = SessionOptions()
        options.maxISA = isa
        options.threads = 2
        options.algorithm = algorithm
        let session = try Session(model: model, options: options)
        var kernels: [String] = []
        try picture.withUnsafeBytes { bytes in
          try session.profile(try Batch(.pixels(.rgb), data: bytes.baseAddress, count: 1)) { _, operation, _ in
            if operation.shape.channels == 50 && operation.shape.height == 30 { kernels.append("\(operation.kernel)") }
          }
        }
        #expect(kernels == [kernel], "\(isa.name)")
        let output = try layer(session, "relu", picture)
        if wanted.isEmpty { wanted = output }
        #expect(output == wanted, "\(isa.name), \(kernel)")
      }
    }
    #expect(Set(wanted).count > 100)
  }

  /// The dequantized model in float32, for comparison.
  @Test(arguments: [false, true]) func float32RunsTheDequantizedWeights(isWide: Bool) throws {
    let model = try QuantizedSessionTests.model(isWide: isWide)
    var options = SessionOptions()
    options.precision = .float32
    options.algorithm = .direct
    let session = try Session(model: model, options: options)
    #expect(session.precision == .float32)
    let integer = try Session(model: model)
    for picture in QuantizedSessionTests.pictures(3) {
      let reference = try ReferenceNetwork(model, input: planes(picture, model), height: 17, width: 17)
      for name in ["conv1", "module", "grouped/relu", "fc", "prob"] {
        let want = reference.outputs[name]!.values
        let got = try layer(session, name, picture)
        let scale = want.map(abs).max() ?? 0
        let error = zip(got, want).map { abs(Double($0) - $1) }.max() ?? .infinity
        #expect(error <= 2e-5 * scale, "\(name)")
      }
      let (one, other) = (try predict(session, picture), try predict(integer, picture))
      #expect(one != other)
      #expect(totalVariation(one, other) < 0.05)
    }
  }

  @Test func quantizedLayersAreCloseToFloat32() throws {
    let model = try QuantizedSessionTests.pureModel()
    let original = try Model(network: try Networks.quantizable())
    let (integer, float) = (try Session(model: model), try Session(model: original))
    for picture in QuantizedSessionTests.pictures(3) {
      for name in ["conv1/relu", "norm1", "module", "grouped/relu", "pool2", "fc"] {
        let (got, want) = (try layer(integer, name, picture), try layer(float, name, picture))
        let signal = want.reduce(0) { $0 + $1 * $1 }
        let noise = zip(got, want).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        #expect(10 * log10(signal / noise) > 25, "\(name)")
      }
      #expect(totalVariation(try predict(integer, picture), try predict(float, picture)) < 0.05)
    }
  }

  /// Layers left in float32 read what int8 layers give, and the other way round.
  @Test func mixedPrecisionIsCloserToFloat32() throws {
    let float = try Session(model: try Model(network: try Networks.quantizable()))
    let pure = try Session(model: try QuantizedSessionTests.pureModel())
    let mixedModel = try QuantizedSessionTests.quantized(maxFloatShare: 0.3)
    let mixed = try Session(model: mixedModel)
    let types = mixedModel.network.layers.compactMap { layer -> ElementType? in
      switch layer.operation {
      case .convolution(let it): it.weights.elementType
      case .innerProduct(let it): it.weights.elementType
      default: nil
      }
    }
    #expect(Set(types) == [.float32, .int8])
    #expect(mixed.precision == .int8)
    var variations: (pure: Float, mixed: Float) = (0, 0)
    for picture in QuantizedSessionTests.pictures(20) {
      let want = try predict(float, picture)
      variations.pure += totalVariation(try predict(pure, picture), want)
      variations.mixed += totalVariation(try predict(mixed, picture), want)
    }
    #expect(variations.mixed < variations.pure)
  }

  /// Sums in the middle between two outputs: which one they become depends on the order in which the scales are
  /// multiplied. It is XNNPACK's, with which TFLite computes.
  @Test func multipliersAreRoundedAfterEachScale() throws {
    let weights: [Int8] = [127, 101, 77, 53, 31, 113, 89]
    let scales: [Float] = [0.015365137, 0.012735392, 0.014912146, 0.04747318, 0.08116382, 0.023709873, 0.0034545057]
    let (inputScale, outputScale, pixel): (Float, Float, UInt8) = (0.00796875, 0.02, 200)
    let block = try #require(HeapBlock(byteCount: weights.count))
    weights.withUnsafeBytes { block.mutableBytes.copyMemory(from: $0) }
    let tensor = Tensor(
      dims: [weights.count, 1, 1, 1], elementType: .int8, scales: scales, bytes: block.bytes, owner: block)
    let network = Network(
      name: "test", producer: "GoogLeNetTests",
      preprocessing: Preprocessing(
        inputHeight: 1, inputWidth: 1, channelOrder: .gray, mean: [0], scale: [inputScale], shortSide: 1), labels: [],
      inputName: "data",
      layers: [
        Layer(name: "conv", inputs: ["data"], operation: .convolution(Convolution(weights: tensor, bias: nil))),
        Layer(name: "relu", inputs: ["conv"], operation: .relu, outputScale: outputScale),
        Layer(name: "prob", inputs: ["relu"], operation: .softmax),
      ])
    let sums = weights.map { Float($0) * Float(pixel) }
    func outputs(_ multiplier: (Float) -> Float) -> [Float] {
      zip(sums, scales).map { ($0 * multiplier($1)).rounded(.toNearestOrEven) * outputScale }
    }
    let wanted = outputs { inputScale * $0 / outputScale }
    let exact = outputs { Float(Double(inputScale) * Double($0) / Double(outputScale)) }
    #expect(zip(wanted, exact).allSatisfy { $0 != $1 })
    let session = try Session(model: try Model(network: network))
    var got = [Float](repeating: .nan, count: weights.count)
    try withUnsafeBytes(of: pixel) { bytes in
      let batch = try Batch(.pixels(.gray), data: bytes.baseAddress, count: 1)
      try got.withUnsafeMutableBufferPointer { try session.layer("relu", batch, into: $0) }
    }
    #expect(got == wanted)
  }

  @Test func int8OfAFloat32ModelIsRefused() throws {
    let model = try Model(network: try Networks.quantizable())
    var options = SessionOptions()
    options.precision = .int8
    let error = #expect(throws: GoogLeNetError.self) { _ = try Session(model: model, options: options) }
    #expect(error?.status == .unsupported)
    #expect(error?.message.contains("googlenet quantize") == true)
  }
}
