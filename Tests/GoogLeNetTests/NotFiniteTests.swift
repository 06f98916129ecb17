import CKernels
import Testing

@testable import GoogLeNet

/// What becomes of values that are not finite: in the caller's tensors, and of those that a network computes.
@Suite struct NotFiniteTests {
  private static let size = 16
  private static let untouched: Float = -7

  private static func constant(_ value: Float, _ dims: Int...) throws -> Tensor {
    try Tensor([Float](repeating: value, count: dims.reduce(1, *)), dims: dims)
  }

  private static func bytes(_ values: [Int8], dims: [Int], scale: Float) throws -> Tensor {
    let block = try #require(HeapBlock(byteCount: values.count))
    values.withUnsafeBytes { block.mutableBytes.copyMemory(from: $0) }
    return Tensor(
      dims: dims, elementType: .int8, scales: [Float](repeating: scale, count: dims[0]), bytes: block.bytes,
      owner: block)
  }

  private static func network(_ layers: [Layer]) -> Network {
    Network(
      name: "test", producer: "GoogLeNetTests",
      preprocessing: Preprocessing(
        inputHeight: size, inputWidth: size, channelOrder: .gray, mean: [0], scale: [1], shortSide: size), labels: [],
      inputName: "data", layers: layers)
  }

  private static func convolution(_ name: String, _ input: String, _ weights: Tensor, padding: Int = 0) -> Layer {
    var it = Convolution(weights: weights, bias: nil)
    it.border = .explicit(Padding(top: padding, left: padding, bottom: padding, right: padding))
    return Layer(name: name, inputs: [input], operation: .convolution(it))
  }

  private static func global(_ name: String, _ input: String, _ method: Pooling.Method) -> Layer {
    var it = Pooling(method)
    it.global = true
    return Layer(name: name, inputs: [input], operation: .pooling(it))
  }

  private static func classifier(_ weights: Tensor) -> [Layer] {
    [
      Layer(
        name: "fc", inputs: ["pool"],
        operation: .innerProduct(InnerProduct(weights: weights, bias: nil))),
      Layer(name: "prob", inputs: ["fc"], operation: .softmax),
    ]
  }

  /// A float32 network in which one layer overflows, for an input of `value`, and a later layer hides it.
  enum Case: String, CaseIterable {
    case pointwise, convolution, normalization, affine, average, sum, slope, input

    var value: Float {
      switch self {
      case .pointwise, .convolution, .affine: 3e37
      case .normalization: 1e25
      case .average, .sum, .slope, .input: 1e38
      }
    }

    /// What the message names.
    var origin: String { self == .input ? "layer 'spread'" : "layer 'it'" }

    func network() throws -> Network {
      let spread = NotFiniteTests.convolution(
        "spread", "data", try constant(self == .average ? -1 : self == .input ? -10 : 1, 16, 1, 1, 1))
      var layers = [spread]
      switch self {
      case .pointwise:
        layers.append(NotFiniteTests.convolution("it", "spread", try constant(-1, 20, 16, 1, 1)))
      case .convolution:
        layers.append(NotFiniteTests.convolution("it", "spread", try constant(-1, 20, 16, 3, 3), padding: 1))
      case .normalization:
        layers.append(
          Layer(
            name: "it", inputs: ["spread"],
            operation: .localResponseNormalization(
              LocalResponseNormalization(size: 5, alpha: 1e-4, beta: 0.75, k: 1, alphaPerElement: false))))
      case .affine:
        // A pooling between them, lest they are fused.
        layers.append(Networks.pooling("between", "spread", .max, kernel: 2, stride: 1))
        var it = BatchNormalization()
        it.scale = try constant(-100, 16)
        layers.append(Layer(name: "it", inputs: ["between"], operation: .batchNormalization(it)))
      case .sum:
        layers[0] = NotFiniteTests.convolution("spread", "data", try constant(-1, 16, 1, 1, 1))
        layers.append(Layer(name: "it", inputs: ["spread", "spread", "spread", "spread"], operation: .sum))
      case .slope:
        layers[0] = NotFiniteTests.convolution("spread", "data", try constant(-1, 16, 1, 1, 1))
        layers.append(
          Layer(name: "it", inputs: ["spread"], operation: .prelu(PReLU(slopes: try constant(100, 1)))))
      case .average: layers.append(Networks.pooling("it", "spread", .average, kernel: 3, stride: 1))
      case .input: layers.append(Networks.pooling("it", "spread", .max, kernel: 3, stride: 1))
      }
      let channels = self == .pointwise || self == .convolution ? 20 : 16
      return NotFiniteTests.network(
        layers + [Networks.relu("relu", "it"), NotFiniteTests.global("pool", "relu", .max)]
          + NotFiniteTests.classifier(try Networks.tensor(5, channels)))
    }
  }

  private func images(_ values: [Float]) -> [Float] {
    values.flatMap { [Float](repeating: $0, count: Self.size * Self.size) }
  }

  private func expect(
    _ status: Status, naming part: String, rows: Int = 1, of count: Int, values: Int,
    sourceLocation: SourceLocation = #_sourceLocation, _ body: (UnsafeMutableBufferPointer<Float>) throws -> Void
  ) {
    var result = [Float](repeating: Self.untouched, count: count * values)
    let error = #expect(throws: GoogLeNetError.self, sourceLocation: sourceLocation) {
      try result.withUnsafeMutableBufferPointer { try body($0) }
    }
    #expect(error?.status == status, sourceLocation: sourceLocation)
    #expect(error?.message.contains(part) == true, "\(error?.message ?? "")", sourceLocation: sourceLocation)
    #expect(result[..<(rows * values)].allSatisfy { $0.isFinite }, sourceLocation: sourceLocation)
    #expect(!result[..<(rows * values)].contains(Self.untouched), sourceLocation: sourceLocation)
    #expect(result[(rows * values)...].allSatisfy { $0 == Self.untouched }, sourceLocation: sourceLocation)
  }

  /// Runs every call on three images of which the second one fails.
  private func expectEveryCallFails(_ session: Session, _ batch: Batch, _ status: Status, naming part: String) throws {
    let classes = session.model.classCount
    for output in [Output.probabilities, .logits] {
      expect(status, naming: part, of: 3, values: classes) { try session.predict(batch, output: output, into: $0) }
    }
    let features = try session.layerShape("pool").count
    expect(status, naming: part, of: 3, values: features) { try session.features(batch, into: $0) }
    expect(status, naming: part, of: 3, values: classes) { try session.layer("prob", batch, into: $0) }
    expect(status, naming: part, of: 3, values: classes) { try session.layers(["prob"], batch, into: [$0]) }
    var profiled = Set<Int>()
    let error = #expect(throws: GoogLeNetError.self) {
      try session.profile(batch) { image, _, _ in profiled.insert(image) }
    }
    #expect(error?.status == status && profiled == [0])
  }

  @Test(arguments: SessionTests.Setting.all, Case.allCases)
  func overflowIsFound(setting: SessionTests.Setting, it: Case) throws {
    let session = try Session(model: try Model(network: try it.network()), options: setting.options)
    let tensors = images([1, it.value, 1])
    try tensors.withUnsafeBytes { bytes in
      let batch = try Batch(.tensors, data: bytes.baseAddress, count: 3)
      try expectEveryCallFails(session, batch, .notFinite, naming: "image 1: \(it.origin)")
    }
    // The session goes on.
    var result = [Float](repeating: Self.untouched, count: 5)
    try images([1]).withUnsafeBytes { bytes in
      let batch = try Batch(.tensors, data: bytes.baseAddress, count: 1)
      try result.withUnsafeMutableBufferPointer { try session.predict(batch, into: $0) }
    }
    #expect(abs(result.reduce(0, +) - 1) < 1e-5)
  }

  /// Finite numbers are none, however large, as long as they are within what Winograd's transforms can hold.
  @Test(arguments: SessionTests.Setting.all)
  func largeNumbersAreFinite(setting: SessionTests.Setting) throws {
    let session = try Session(model: try Model(network: try Case.convolution.network()), options: setting.options)
    var result = [Float](repeating: Self.untouched, count: 5)
    try images([1e35]).withUnsafeBytes { bytes in
      let batch = try Batch(.tensors, data: bytes.baseAddress, count: 1)
      try result.withUnsafeMutableBufferPointer { try session.predict(batch, into: $0) }
    }
    #expect(abs(result.reduce(0, +) - 1) < 1e-5)
  }

  // MARK: int8

  /// An int8 network, whose float32 values overflow where a pixel is more than 34.
  enum Int8Case: String, CaseIterable {
    case average, dequantization, integerConvolution

    func network() throws -> Network {
      let convolution = NotFiniteTests.convolution(
        "conv", "data",
        try NotFiniteTests.bytes([Int8](repeating: 127, count: 19), dims: [19, 1, 1, 1], scale: 1e37 / 127))
      let weights =
        self == .integerConvolution
        ? try NotFiniteTests.bytes([Int8](repeating: -127, count: 5 * 19), dims: [5, 19], scale: 1 / (127 * 19))
        : try constant(-1 / 19, 5, 19)
      return NotFiniteTests.network(
        [
          convolution, Layer(name: "relu", inputs: ["conv"], operation: .relu, outputScale: 1e37),
          NotFiniteTests.global("pool", "relu", self == .average ? .average : .max),
        ] + NotFiniteTests.classifier(weights))
    }
  }

  @Test(arguments: ISA.allCases, Int8Case.allCases)
  func overflowIsFoundInInt8(isa: ISA, it: Int8Case) throws {
    for threads in [1, 2, 3] {
      var options = SessionOptions()
      options.maxISA = isa
      options.threads = threads
      let session = try Session(model: try Model(network: try it.network()), options: options)
      #expect(session.precision == .int8)
      let bright = [UInt8](repeating: 40, count: Self.size * Self.size)
      let pixels = bright.map { _ in UInt8(20) } + bright + bright.map { _ in UInt8(20) }
      try pixels.withUnsafeBytes { bytes in
        let batch = try Batch(.pixels(.gray), data: bytes.baseAddress, count: 3)
        try expectEveryCallFails(session, batch, .notFinite, naming: "image 1: ")
      }
      try bright.withUnsafeBytes { bytes in
        let image = try Picture(
          pixels: bytes.baseAddress, width: Self.size, height: Self.size, rowStride: 0, format: .gray)
        var received = false
        let error = #expect(throws: GoogLeNetError.self) {
          try session.classify(image, count: 5) { _ in received = true }
        }
        #expect(error?.status == .notFinite && !received)
      }
    }
  }

  /// A byte times its scale may overflow although no layer computes it.
  @Test func storedIntegersMayStandForInfinity() throws {
    let session = try Session(model: try Model(network: try Int8Case.integerConvolution.network()))
    let pixels = [UInt8](repeating: 20, count: 256) + [UInt8](repeating: 40, count: 256)
    try pixels.withUnsafeBytes { bytes in
      let batch = try Batch(.pixels(.gray), data: bytes.baseAddress, count: 2)
      let count = try session.layerShape("relu").count
      expect(.notFinite, naming: "image 1: an output", of: 2, values: count) {
        try session.layer("relu", batch, into: $0)
      }
    }
  }

  @Test func normalizationsThatIntegersCannotComputeAreRefused() throws {
    for (k, alpha, isInRange): (Float, Float, Bool) in [
      (1, 1e-4, true), (1e-30, 1e-4, false), (1, 1e30, false), (.leastNormalMagnitude, 0, false),
    ] {
      let network = Self.network(
        [
          Self.convolution("conv", "data", try Self.bytes([127, 50, 3], dims: [3, 1, 1, 1], scale: 0.01)),
          Layer(name: "relu", inputs: ["conv"], operation: .relu, outputScale: 0.01),
          Layer(
            name: "norm", inputs: ["relu"],
            operation: .localResponseNormalization(
              LocalResponseNormalization(size: 5, alpha: alpha, beta: 0.75, k: k, alphaPerElement: false)),
            outputScale: 1),
          Self.global("pool", "norm", .max),
        ] + Self.classifier(try Networks.tensor(5, 3)))
      let model = try Model(network: network)
      if isInRange {
        _ = try Session(model: model)
      } else {
        let error = #expect(throws: GoogLeNetError.self) { _ = try Session(model: model) }
        #expect(error?.status == .unsupported && error?.message.contains("float32") == true)
      }
      var options = SessionOptions()
      options.precision = .float32
      _ = try Session(model: model, options: options)
    }
  }

  // MARK: Input

  @Test(arguments: [Precision.float32, .int8], [Float.nan, .infinity, -.infinity])
  func tensorsThatAreNotFiniteAreRefused(precision: Precision, value: Float) throws {
    let model = try Model(network: try precision == .int8 ? Int8Case.average.network() : Case.convolution.network())
    for threads in [1, 3] {
      var options = SessionOptions()
      options.threads = threads
      options.precision = precision
      let session = try Session(model: model, options: options)
      for index in [0, 100, 255] {
        var tensors = images([1, 2, 3])
        tensors[256 + index] = value
        try tensors.withUnsafeBytes { bytes in
          let batch = try Batch(.tensors, data: bytes.baseAddress, count: 3)
          let what = value.isNaN ? "NaN" : "infinite"
          try expectEveryCallFails(
            session, batch, .invalidArgument, naming: "batch.data: value \(index) of image 1 is \(what)")
        }
      }
    }
  }

  @Test func everyPlaceIsLookedAt() {
    for count in [0, 1, 2, 7, 16, 33, (1 << 14) - 1, 1 << 14, (1 << 14) + 1, 40_000] {
      var values = [Float](repeating: -.greatestFiniteMagnitude, count: count)
      #expect(Finiteness.firstException(values, count: count) == nil)
      for index in Set([0, count / 3, count / 2, count - 2, count - 1]) where values.indices.contains(index) {
        for value in [Float.nan, -.signalingNaN, .infinity, -.infinity] {
          values[index] = value
          #expect(Finiteness.firstException(values, count: count) == index)
          #expect(Finiteness.firstException(values, count: index) == nil)
          values[index] = .leastNonzeroMagnitude
        }
      }
    }
  }
}
