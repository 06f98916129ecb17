import GoogLeNet
import Testing

@testable import Conversion

struct QuantizationTests {
  @Test func histogramFindsTheRangesOfEvenValues() {
    var histogram = ActivationHistogram()
    let values = (0...10_000).map { Float($0) / 1000 }
    #expect(values.withUnsafeBufferPointer { histogram.add($0) })
    #expect(histogram.scale(.minMax) == 10 / Float(255))
    #expect(abs(histogram.scale(.percentile(50)) * 255 - 5) < 0.01)
    // Clipping even values costs more than rounding them.
    #expect(histogram.scale(.meanSquaredError) * 255 > 9.8)
    #expect(histogram.scale(.kullbackLeibler) * 255 > 9.5)
  }

  @Test func squaredErrorClipsARareOutlier() {
    var histogram = ActivationHistogram()
    var values = (0..<1_000_000).map { Float($0 % 1000) / 1000 }
    values[0] = 3
    #expect(values.withUnsafeBufferPointer { histogram.add($0) })
    #expect(histogram.scale(.minMax) * 255 == 3)
    #expect(histogram.scale(.meanSquaredError) * 255 < 1.5)
  }

  @Test func mergedHistogramsAreThatOfAllValues() {
    var small = ActivationHistogram()
    var large = ActivationHistogram()
    var both = ActivationHistogram()
    let first = (0..<500).map { Float($0) / 500 }
    let second = (0..<500).map { Float($0) }
    _ = first.withUnsafeBufferPointer { small.add($0) }
    _ = second.withUnsafeBufferPointer { large.add($0) }
    _ = (first + second).withUnsafeBufferPointer { both.add($0) }
    small.merge(large)
    #expect(small.scale(.percentile(90)) == both.scale(.percentile(90)))
    #expect(small.scale(.meanSquaredError) == both.scale(.meanSquaredError))
  }

  @Test(arguments: [Float.nan, .infinity, -1])
  func histogramRefusesWhatCannotBeStored(_ value: Float) {
    var histogram = ActivationHistogram()
    #expect(![1, value, 2].withUnsafeBufferPointer { histogram.add($0) })
  }

  /// Inputs that share a common part: rounding errors can make up for each other.
  @Test func compensatedRoundingBeatsRoundingOnCorrelatedInputs() throws {
    let size = 24
    let gram = try GramMatrix(size: size)
    let team = try WorkTeam(threads: 1)
    let count = 400
    let block = try #require(HeapBlock(byteCount: count * gram.stride * 4))
    let vectors = block.mutableBytes.bindMemory(to: Float.self)
    var random = SystemFreeRandom(state: 1)
    for vector in 0..<count {
      let common = random.next()
      for index in 0..<size { vectors[vector * gram.stride + index] = common + 0.2 * random.next() }
    }
    gram.add(try #require(vectors.baseAddress), count: count, team)
    let rows = 5
    let weights = (0..<rows * size).map { _ in random.next() - 0.5 }
    let result = try CompensatedRounding(gram).round(
      weights, leastScales: [Float](repeating: 0, count: rows), team)
    var sums: (plain: Float, compensated: Float) = (0, 0)
    for row in 0..<rows {
      let original = Array(weights[row * size..<(row + 1) * size])
      let scale = original.reduce(0) { max($0, abs($1)) } / 127
      let plain = original.map { $0 - ($0 / scale).rounded() * scale }
      let compensated = original.indices.map {
        original[$0] - Float(result.values[row * size + $0]) * result.scales[row]
      }
      // Plain rounding may happen to be the best that there is.
      #expect(change(compensated, gram) <= change(plain, gram))
      sums.plain += change(plain, gram)
      sums.compensated += change(compensated, gram)
    }
    #expect(sums.compensated < 0.3 * sums.plain)
  }

  /// The squares of what errors of the weights change in the outputs.
  private func change(_ errors: [Float], _ gram: GramMatrix) -> Float {
    var sum: Float = 0
    for first in errors.indices {
      for second in errors.indices { sum += errors[first] * gram[first, second] * errors[second] }
    }
    return sum
  }

  private struct SystemFreeRandom {
    var state: UInt64

    /// 0 to 1.
    mutating func next() -> Float {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Float(state >> 40) / Float(1 << 24)
    }
  }

  // MARK: Whole networks

  private static func layer(_ name: String, _ input: String, _ dims: [Int], _ random: inout SystemFreeRandom) throws
    -> Layer
  {
    let weights = try Tensor((0..<dims.reduce(1, *)).map { _ in random.next() - 0.4 }, dims: dims)
    let bias = try Tensor((0..<dims[0]).map { _ in random.next() - 0.5 }, dims: [dims[0]])
    guard dims.count == 4 else {
      var product = InnerProduct(weights: weights)
      product.bias = bias
      return Layer(name: name, inputs: [input], operation: .innerProduct(product))
    }
    var convolution = Convolution(weights: weights, bias: bias)
    let padding = dims[2] / 2
    convolution.border = .explicit(Padding(top: padding, left: padding, bottom: padding, right: padding))
    return Layer(name: name, inputs: [input], operation: .convolution(convolution))
  }

  /// A stem with normalization, two joined branches, an average and a classifier.
  private static func network() throws -> Network {
    var random = SystemFreeRandom(state: 3)
    var layers = [try layer("conv", "data", [8, 3, 3, 3], &random)]
    layers.append(Layer(name: "relu", inputs: ["conv"], operation: .relu))
    layers.append(
      Layer(
        name: "norm", inputs: ["relu"],
        operation: .localResponseNormalization(
          LocalResponseNormalization(size: 5, alpha: 1e-4, beta: 0.75, k: 1, alphaPerElement: false))))
    for branch in ["a", "b"] {
      layers.append(try layer(branch, "norm", [6, 8, branch == "a" ? 1 : 3, branch == "a" ? 1 : 3], &random))
      layers.append(Layer(name: branch + "_relu", inputs: [branch], operation: .relu))
    }
    layers.append(Layer(name: "join", inputs: ["a_relu", "b_relu"], operation: .concat))
    var pool = Pooling(.average)
    pool.global = true
    layers.append(Layer(name: "pool", inputs: ["join"], operation: .pooling(pool)))
    layers.append(try layer("classifier", "pool", [5, 12], &random))
    layers.append(Layer(name: "prob", inputs: ["classifier"], operation: .softmax))
    return Network(
      name: "test", producer: "tests",
      preprocessing: Preprocessing(
        inputHeight: 12, inputWidth: 12, channelOrder: .rgb, mean: [100, 120, 130.5], scale: [0.02, 0.025, 0.03],
        shortSide: 12), labels: [], inputName: "data", layers: layers)
  }

  private static func pictures(_ count: Int) -> [CalibrationPicture] {
    var random = SystemFreeRandom(state: 9)
    return (0..<count).map { number in
      CalibrationPicture(
        name: "picture \(number)", pixels: (0..<12 * 12 * 3).map { _ in UInt8(random.next() * 255) })
    }
  }

  private static func rejection(
    _ network: Network, _ pictures: [CalibrationPicture], _ options: QuantizationOptions = .init()
  )
    throws -> GoogLeNetError?
  {
    let model = try Model(network: network)
    return #expect(throws: GoogLeNetError.self) {
      _ = try Quantizer.quantize(model: model, pictures: pictures, options: options)
    }
  }

  @Test func quantizedNetworkIsCloseAndLaidOutForIntegers() throws {
    var network = try QuantizationTests.network()
    network.metadata = [MetadataEntry(key: "licence", value: "MIT")]
    let model = try Model(network: network)
    let result = try Quantizer.quantize(model: model, pictures: QuantizationTests.pictures(40))
    let quantized = try Model(network: result.network)
    #expect(quantized.precision == .int8)
    #expect(quantized.network.metadata == network.metadata)
    func encoding(_ name: String) -> ActivationEncoding? {
      result.network.layers.firstIndex { $0.name == name }.map { quantized.encodings[$0] }
    }
    guard case .u16 = encoding("relu") else { return #expect(Bool(false), "relu is not stored in 16 bits") }
    for name in ["norm", "a_relu", "b_relu", "join", "pool"] {
      guard case .u8 = encoding(name) else { return #expect(Bool(false), "\(name) is not stored in 8 bits") }
    }
    #expect(encoding("a_relu") == encoding("join") && encoding("b_relu") == encoding("join"))
    #expect(result.report.layers.map(\.name) == ["conv", "a", "b", "classifier"])
    #expect(result.report.heldOutPictures == 4 && result.report.calibrationPictures == 36)
    #expect(try #require(result.report.totalVariation) < 0.02)
    for layer in result.report.layers { #expect(layer.signalToNoise > 25, "\(layer.name)") }
  }

  @Test func samePicturesGiveTheSameBytesOnAnyThreads() throws {
    let model = try Model(network: QuantizationTests.network())
    var files: [[UInt8]] = []
    for threads in [1, 3] {
      var options = QuantizationOptions()
      options.threads = threads
      let result = try Quantizer.quantize(model: model, pictures: QuantizationTests.pictures(20), options: options)
      files.append(try ModelWriter.serialize(result.network))
    }
    #expect(files[0] == files[1])
  }

  @Test func floatShareIsKept() throws {
    let model = try Model(network: QuantizationTests.network())
    var options = QuantizationOptions()
    options.maxFloatShare = 0.5
    let result = try Quantizer.quantize(model: model, pictures: QuantizationTests.pictures(20), options: options)
    #expect(result.report.floatShare <= 0.5)
    for layer in result.report.layers {
      let weights = result.network.layers.first { $0.name == layer.name }?.operation.weights
      #expect(weights?.elementType == (layer.isFloat ? .float32 : .int8))
    }
  }

  /// What is read by layers in float32 alone is not rounded.
  @Test func activationsBetweenFloatLayersAreNotRounded() throws {
    let model = try Model(network: QuantizationTests.network())
    var options = QuantizationOptions()
    options.maxFloatShare = 1
    let result = try Quantizer.quantize(model: model, pictures: QuantizationTests.pictures(20), options: options)
    let quantized = try Model(network: result.network)
    #expect(quantized.precision == .int8)
    // One of the two activations that integers are read from is left.
    let isClassifierFloat = try #require(result.report.layers.last).isFloat
    #expect(result.report.layers.map(\.isFloat) == [true, !isClassifierFloat, !isClassifierFloat, isClassifierFloat])
    for (index, layer) in result.network.layers.enumerated() {
      let isRounded = (isClassifierFloat ? ["norm"] : ["a_relu", "b_relu", "join", "pool"]).contains(layer.name)
      #expect((quantized.encodings[index] == .float32) != isRounded, "\(layer.name)")
    }
  }

  @Test func readersOfAnActivationAreOneSet() throws {
    let network = try QuantizationTests.network()
    let layout = try QuantizationLayout(network, floatLayers: [])
    #expect(layout.readerSets.map { $0.map { network.layers[$0].name } } == [["conv"], ["a", "b"], ["classifier"]])
  }

  /// Pixels alone are read as integers.
  @Test func aNetworkWithoutStorableActivationsIsRefused() throws {
    var network = try QuantizationTests.network()
    var pool = Pooling(.average)
    pool.global = true
    network.layers[1...] = [
      Layer(name: "pool", inputs: ["conv"], operation: .pooling(pool)),
      Layer(name: "prob", inputs: ["pool"], operation: .softmax),
    ]
    let error = try QuantizationTests.rejection(network, QuantizationTests.pictures(20))
    #expect(error?.message.contains("no convolution or inner product reads what a ReLU gave") == true)
  }

  @Test func tooFewPicturesAreRefused() throws {
    let error = try QuantizationTests.rejection(QuantizationTests.network(), QuantizationTests.pictures(15))
    #expect(error?.message.contains("15 calibration pictures are too few") == true)
  }

  @Test func picturesOfTheWrongSizeAreRefused() throws {
    let pictures = QuantizationTests.pictures(20) + [CalibrationPicture(name: "odd one", pixels: [1, 2, 3])]
    let error = try QuantizationTests.rejection(QuantizationTests.network(), pictures)
    #expect(error?.message.contains("'odd one' has 3 bytes") == true)
  }

  @Test func quantizedModelsAreRefused() throws {
    let model = try Model(network: QuantizationTests.network())
    let result = try Quantizer.quantize(model: model, pictures: QuantizationTests.pictures(20))
    let error = try QuantizationTests.rejection(result.network, QuantizationTests.pictures(20))
    #expect(error?.message.contains("quantized already") == true)
  }

  @Test func constantActivationsAreRefused() throws {
    var network = try QuantizationTests.network()
    let bias = try Tensor([Float](repeating: -1e6, count: 6), dims: [6])
    network.layers[3].operation.bias = bias
    let error = try QuantizationTests.rejection(network, QuantizationTests.pictures(20))
    #expect(error?.message.contains("'a_relu' gives 0.0 everywhere") == true)
  }

  @Test func infinitiesAreRefused() throws {
    var network = try QuantizationTests.network()
    network.layers[0].operation.weights = try Tensor([Float](repeating: 3e38, count: 216), dims: [8, 3, 3, 3])
    let error = try QuantizationTests.rejection(network, QuantizationTests.pictures(20))
    #expect(error?.message.contains("infinity or NaN") == true)
  }
}
