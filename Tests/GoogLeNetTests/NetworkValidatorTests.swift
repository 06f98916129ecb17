import Testing

@testable import GoogLeNet

/// What a model must not contain, and what the message says about it.
@Suite struct NetworkValidatorTests {
  private func expectRefusal(
    _ fragment: String, status: Status = .invalidModel, sourceLocation: SourceLocation = #_sourceLocation,
    _ change: (inout Network) throws -> Void
  ) throws {
    var network = try Networks.inception()
    try change(&network)
    do throws(GoogLeNetError) {
      _ = try Model(network: network)
      Issue.record("accepted", sourceLocation: sourceLocation)
    } catch {
      #expect(error.status == status, "\(error.message)", sourceLocation: sourceLocation)
      #expect(error.message.contains(fragment), "\(error.message)", sourceLocation: sourceLocation)
    }
  }

  private func changeConvolution(
    _ network: inout Network, _ index: Int = 0, _ change: (inout Convolution) throws -> Void
  )
    throws
  {
    guard case .convolution(var it) = network.layers[index].operation else { return }
    try change(&it)
    network.layers[index].operation = .convolution(it)
  }

  @Test func theUnchangedNetworkIsAccepted() throws {
    let model = try Model(network: try Networks.inception())
    #expect(model.classCount == 21)
    #expect(model.featureCount == 90)
  }

  @Test func structure() throws {
    try expectRefusal("no layers") { $0.layers = [] }
    try expectRefusal("has no name") { $0.layers[3].name = "" }
    try expectRefusal("'pool1'") { $0.layers[1].name = "pool1" }
    try expectRefusal("'data'") { $0.layers[1].name = "data" }
    try expectRefusal("reads 'nothing'") { $0.layers[2].inputs = ["nothing"] }
    // A cycle is a layer that reads a later one.
    try expectRefusal("reads 'prob'") { $0.layers[2].inputs = ["prob"] }
    try expectRefusal("has no input") { $0.layers[2].inputs = [] }
    try expectRefusal("2 inputs") { $0.layers[2].inputs = ["conv1", "conv1"] }
    try expectRefusal("not a Softmax") { $0.layers.removeLast() }
    try expectRefusal("3 labels for 21 classes") { $0.labels = ["a", "b", "c"] }
    try expectRefusal("differ in height or width") { $0.layers[12].inputs = ["branch1/relu", "conv1"] }
  }

  @Test func preprocessing() throws {
    try expectRefusal("0 x 17") { $0.preprocessing.inputHeight = 0 }
    try expectRefusal("100000") { $0.preprocessing.inputWidth = 100_000 }
    try expectRefusal("short_side") { $0.preprocessing.shortSide = 16 }
    try expectRefusal("means") { $0.preprocessing.mean = [1] }
    try expectRefusal("finite") { $0.preprocessing.scale[1] = .nan }
  }

  @Test func tensors() throws {
    try expectRefusal("bytes") {
      try changeConvolution(&$0) { it in
        let weights = it.weights
        it.weights = Tensor(
          dims: [9, 3, 7, 8], elementType: .float32, bytes: weights.bytes, owner: weights.owner)
      }
    }
    for dims in [[9, 3, 7, 0], [9, 3, 7, -7], [1 << 40, 1 << 40, 1 << 40], [Int.max, 2]] {
      try expectRefusal("dimensions") {
        try changeConvolution(&$0) { it in
          let weights = it.weights
          it.weights = Tensor(dims: dims, elementType: .float32, bytes: weights.bytes, owner: weights.owner)
        }
      }
    }
    for value in [Float.nan, .infinity, -.infinity] {
      try expectRefusal("layer 'conv1': bias contains NaN or infinity") {
        try changeConvolution(&$0) { $0.bias = try Tensor([Float](repeating: value, count: 9), dims: [9]) }
      }
    }
    for type in [ElementType.int8, .int16] {
      try expectRefusal("scales for 9") {
        try changeConvolution(&$0) { it in
          let bytes = UnsafeRawBufferPointer(rebasing: it.weights.bytes[..<(9 * 147 * type.size)])
          it.weights = Tensor(
            dims: [9, 3, 7, 7], elementType: type, scales: [1, 2], bytes: bytes, owner: it.weights.owner)
        }
      }
    }
  }

  @Test func sixteenBitIntegers() throws {
    func put(_ value: Int16, _ network: inout Network) throws {
      try changeConvolution(&network) { it in
        let block = try #require(HeapBlock(byteCount: 9 * 147 * 2))
        block.mutableBytes.initializeMemory(as: UInt8.self, repeating: 0)
        block.mutableBytes.storeBytes(of: value, toByteOffset: 2 * 700, as: Int16.self)
        it.weights = Tensor(
          dims: [9, 3, 7, 7], elementType: .int16, scales: [Float](repeating: 1, count: 9), bytes: block.bytes,
          owner: block)
      }
    }
    for value in [Int16.min, -256, 256, .max] {
      try expectRefusal("layer 'conv1': weights has 16-bit integers outside of -255 to 255") { try put(value, &$0) }
    }
    for value: Int16 in [-255, 255] {
      var network = try Networks.inception()
      try put(value, &network)
      #expect(throws: Never.self) { try Model(network: network) }
    }
  }

  @Test func convolutions() throws {
    try expectRefusal("stride") { try changeConvolution(&$0) { $0.strideHeight = 0 } }
    try expectRefusal("dilation") { try changeConvolution(&$0) { $0.dilationWidth = 1 << 20 } }
    try expectRefusal("padding") { try changeConvolution(&$0) { $0.padding.left = -1 } }
    try expectRefusal("groups") { try changeConvolution(&$0) { $0.groups = 0 } }
    try expectRefusal("groups") { try changeConvolution(&$0) { $0.groups = 2 } }
    try expectRefusal("one dimension of 9 values") {
      try changeConvolution(&$0) { $0.bias = try Networks.tensor(8) }
    }
    try expectRefusal("3 input channels") {
      try changeConvolution(&$0, 4) { $0.weights = try Networks.tensor(11, 3, 1, 1) }
    }
    try expectRefusal("dimensions instead of 4") {
      try changeConvolution(&$0) { $0.weights = try Networks.tensor(9, 3) }
    }
    try expectRefusal("does not fit", status: .unsupported) {
      try changeConvolution(&$0) { $0.weights = try Networks.tensor(9, 3, 99, 1) }
    }
  }

  @Test func otherLayers() throws {
    try expectRefusal("padding is not smaller") {
      $0.layers[2] = Networks.pooling("pool1", "conv1/relu", .max, kernel: 2, stride: 1, padding: 2)
    }
    for size in [0, 2, 4] {
      try expectRefusal("odd number") {
        $0.layers[3].operation = .localResponseNormalization(
          LocalResponseNormalization(size: size, alpha: 1, beta: 1, k: 1, alphaPerElement: false))
      }
    }
    try expectRefusal("90", status: .unsupported) {
      $0.layers[21].operation = .innerProduct(InnerProduct(weights: try Networks.tensor(21, 89)))
    }
    try expectRefusal("square root") {
      var it = BatchNormalization()
      it.mean = try Networks.tensor(30)
      it.variance = try Tensor([Float](repeating: -1, count: 30), dims: [30])
      $0.layers[14].operation = .batchNormalization(it)
    }
    try expectRefusal("only together") {
      var it = BatchNormalization()
      it.mean = try Networks.tensor(30)
      $0.layers[14].operation = .batchNormalization(it)
    }
    try expectRefusal("1 x 1 pixel") { $0.layers[$0.layers.count - 1].inputs = ["pool2"] }
  }
}
