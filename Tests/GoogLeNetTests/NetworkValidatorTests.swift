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

  /// A network with an operation of what its first ReLU gives.
  private func network(_ operation: GoogLeNet.Operation, of inputs: [String] = ["conv1/relu"]) throws -> Network {
    var network = try Networks.inception()
    network.layers.insert(Layer(name: "new", inputs: inputs, operation: operation), at: 2)
    network.layers[3].inputs = ["new"]
    return network
  }

  private func expectRefusal(
    _ fragment: String, _ operation: GoogLeNet.Operation, of inputs: [String] = ["conv1/relu"],
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    try expectRefusal("layer 'new': \(fragment)", sourceLocation: sourceLocation) {
      $0 = try network(operation, of: inputs)
    }
  }

  @Test func sums() throws {
    _ = try Model(network: try network(.sum, of: ["conv1", "conv1/relu"]))
    try expectRefusal("it has no input", .sum, of: [])
    try expectRefusal("it has 1 inputs instead of 2 or more", .sum, of: ["conv1"])
    try expectRefusal("it adds 9 x 9 x 9 and 3 x 17 x 17: both must be of one shape", .sum, of: ["conv1", "data"])
  }

  @Test func activations() throws {
    _ = try Model(network: try network(.sigmoid))
    try expectRefusal("it has 2 inputs instead of one", .sigmoid, of: ["conv1", "conv1"])
    for count in [1, 9] {
      _ = try Model(network: try network(.prelu(PReLU(slopes: try Networks.tensor(count)))))
    }
    let lost = "its slopes must have one dimension of 1 or 9 values"
    for slopes in [try Networks.tensor(8), try Networks.tensor(9, 1), try Networks.tensor(1, 9)] {
      try expectRefusal(lost, .prelu(PReLU(slopes: slopes)))
    }
    for value in [Float.nan, .infinity, -.infinity] {
      let slopes = try Tensor([0.1, value, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1], dims: [9])
      try expectRefusal("slopes contains NaN or infinity", .prelu(PReLU(slopes: slopes)))
    }
    _ = try Model(network: try network(.clippedReLU(ClippedReLU(maximum: 6))))
    for maximum in [Float.nan, .infinity, -1, 0, .leastNonzeroMagnitude] {
      try expectRefusal("its maximum is", .clippedReLU(ClippedReLU(maximum: maximum)))
    }
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
    try expectRefusal("padding") { try changeConvolution(&$0) { $0.border = .explicit(Padding(left: -1)) } }
    // A kernel of 7 x 7: at most 1024 pixels before or behind the image, whatever the image's size is.
    try expectRefusal(
      "its kernel covers 2053 x 7 pixels, dilation included, so its padding rule may need more than 1024"
    ) {
      try changeConvolution(&$0) {
        $0.border = .same(extraFirst: false)
        $0.dilationHeight = 342
      }
    }
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

  // MARK: What one way to compute would ignore

  /// Integer weights, all 1.
  private func integers(_ dims: Int..., scales: [Float]? = nil, inputScales: [Float] = []) throws -> Tensor {
    let block = try #require(HeapBlock(byteCount: dims.reduce(1, *)))
    block.mutableBytes.initializeMemory(as: Int8.self, repeating: 1)
    return Tensor(
      dims: dims, elementType: .int8, scales: scales ?? [Float](repeating: 1, count: dims[0]),
      inputScales: inputScales, bytes: block.bytes, owner: block)
  }

  @Test func inputScalesBelongToPixels() throws {
    var network = try Networks.inception()
    try changeConvolution(&network) { $0.weights = try integers(9, 3, 7, 7, inputScales: [1, 2, 4]) }
    #expect(throws: Never.self) { try Model(network: network) }
    let where_ = "input scales, which only the weights of a convolution of the network's input may have"
    try expectRefusal("layer 'branch1': weights has \(where_)") {
      try changeConvolution(&$0, 4) {
        $0.weights = try integers(11, 9, 1, 1, inputScales: [Float](repeating: 2, count: 9))
      }
    }
    try expectRefusal("layer 'fc': weights has \(where_)") {
      $0.layers[21].operation = .innerProduct(
        InnerProduct(weights: try integers(21, 90, inputScales: [Float](repeating: 2, count: 90))))
    }
    try expectRefusal(where_) {
      try changeConvolution(&$0) { $0.weights = try integers(9, 3, 7, 7, inputScales: [1, 2, 4]) }
      $0.layers.insert(Layer(name: "alias", inputs: ["data"], operation: .dropout), at: 0)
      $0.layers[1].inputs = ["alias"]
    }
    for scale in [0, .leastNonzeroMagnitude, .nan, .infinity] as [Float] {
      try expectRefusal("must be a normal number") {
        try changeConvolution(&$0) { $0.weights = try integers(9, 3, 7, 7, inputScales: [1, scale, 1]) }
      }
    }
  }

  @Test func scales() throws {
    for scale in [.nan, .infinity, -.infinity] as [Float] {
      try expectRefusal("layer 'conv1': weights has a scale of") {
        try changeConvolution(&$0) {
          $0.weights = try integers(9, 3, 7, 7, scales: [1, scale] + Array(repeating: 1, count: 7))
        }
      }
    }
    try expectRefusal("has scales, which only integers have") {
      try changeConvolution(&$0) { it in
        it.weights = Tensor(
          dims: it.weights.dims, elementType: .float32, scales: [1], bytes: it.weights.bytes, owner: it.weights.owner)
      }
    }
    try expectRefusal("layer 'conv1': its weights, scaled, are beyond float32") {
      try changeConvolution(&$0) {
        $0.weights = try integers(9, 3, 7, 7, scales: Array(repeating: 3e38, count: 9), inputScales: [1, 2, 4])
      }
    }
    try expectRefusal("layer 'conv1': its scales, from a unit of 0.5 to one of 1e-30, are beyond float32") {
      try changeConvolution(&$0) { $0.weights = try integers(9, 3, 7, 7, scales: Array(repeating: 1e9, count: 9)) }
      $0.layers[1].outputScale = 1e-30
    }
  }

  @Test func outputScales() throws {
    try expectRefusal("layer 'prob' has an output scale, but the network's output is not rounded") {
      $0.layers[$0.layers.count - 1].outputScale = 0.01
    }
    try expectRefusal("layer 'alias' has an output scale: give it to the layer that the dropout reads") {
      $0.layers.insert(Layer(name: "alias", inputs: ["conv1/relu"], operation: .dropout, outputScale: 0.5), at: 2)
    }
    try expectRefusal("layer 'norm1' has an output scale of 1e-30 and reads one of 1e+20") {
      $0.layers[1].outputScale = 1e20
      $0.layers[3].outputScale = 1e-30
    }
  }

  @Test func normalNumbers() throws {
    for scale in [0, .leastNonzeroMagnitude] as [Float] {
      try expectRefusal("preprocessing has a scale of \(scale)") { $0.preprocessing.scale[1] = scale }
    }
    try expectRefusal("(pixel - 1e+20) x 1e+20 is beyond float32") {
      $0.preprocessing.mean[0] = 1e20
      $0.preprocessing.scale[0] = 1e20
    }
    for k in [0, -1, .leastNonzeroMagnitude, .nan, .infinity] as [Float] {
      try expectRefusal("k a normal number above 0") {
        $0.layers[3].operation = .localResponseNormalization(
          LocalResponseNormalization(size: 5, alpha: 1, beta: 0.75, k: k, alphaPerElement: false))
      }
    }
  }

  @Test func batchNormalizations() throws {
    func change(_ network: inout Network, _ index: Int = 14, _ change: (inout BatchNormalization) throws -> Void) throws
    {
      var it = BatchNormalization()
      try change(&it)
      network.layers[index].operation = .batchNormalization(it)
    }
    func vector(_ value: Float) throws -> Tensor { try Tensor([Float](repeating: value, count: 30), dims: [30]) }
    var identity = try Networks.inception()
    try change(&identity) { _ in }
    #expect(throws: Never.self) { try Model(network: identity) }
    for value in [Float.nan, .infinity] {
      try expectRefusal("layer 'grouped/bn': variance contains NaN or infinity") {
        try change(&$0) {
          $0.mean = try vector(0)
          $0.variance = try vector(value)
        }
      }
      try expectRefusal("layer 'shifted': shift contains NaN or infinity") {
        try change(&$0, 16) { $0.shift = try vector(value) }
      }
    }
    try expectRefusal("layer 'grouped/bn': with the batch normalizations before it, it scales channel 0 by inf") {
      try change(&$0) {
        $0.mean = try vector(0)
        $0.variance = try vector(1e-30)
        $0.scale = try vector(3e38)
      }
    }
    // Each is finite; together, or with the convolution's values, they are not.
    try expectRefusal("layer 'second': with the batch normalizations before it") {
      try change(&$0) { $0.scale = try vector(1e30) }
      $0.layers.insert($0.layers[14], at: 15)
      $0.layers[15].name = "second"
      $0.layers[15].inputs = ["grouped/bn"]
      $0.layers[16].inputs = ["second"]
    }
    try expectRefusal("layer 'grouped': its weights, scaled, are beyond float32") {
      try changeConvolution(&$0, 13) {
        $0.weights = try Tensor([Float](repeating: 1e20, count: 2700), dims: [30, 10, 3, 3])
      }
      try change(&$0) { $0.scale = try vector(1e20) }
    }
    try expectRefusal("layer 'grouped': its bias is beyond float32") {
      try changeConvolution(&$0, 13) { $0.bias = try vector(1e20) }
      try change(&$0) { $0.scale = try vector(1e20) }
    }
    // Not folded: others read the convolution too.
    var network = try Networks.inception()
    try changeConvolution(&network, 13) { $0.bias = try vector(1e20) }
    try change(&network) { $0.scale = try vector(1e20) }
    network.layers.insert(Networks.relu("other", "grouped"), at: 14)
    #expect(throws: Never.self) { try Model(network: network) }
  }

  @Test func limits() throws {
    let long = String(repeating: "n", count: 4097)
    try expectRefusal("the name of layer 1 has 4097 bytes: at most 4096") { $0.layers[1].name = long }
    try expectRefusal("label 0 has 4097 bytes") { $0.labels = [long] }
    try expectRefusal("the name has 4097 bytes") { $0.name = long }
    try expectRefusal("bytes of names, labels and metadata: at most 4194304") {
      $0.labels = Array(repeating: String(repeating: "n", count: 4096), count: 1025)
    }
    try expectRefusal("65537 labels: at most 65536") { $0.labels = Array(repeating: "n", count: 65_537) }
    try expectRefusal("10001 layers: at most 10000") {
      $0.layers = (0..<10_001).map { Networks.relu("\($0)", "data") }
    }
    try expectRefusal("inputs of layers: at most 65536") {
      $0.layers[17].inputs = Array(repeating: "shifted", count: 65_537)
    }
    try expectRefusal("16385 groups of convolutions: at most 16384") {
      try changeConvolution(&$0) { $0.groups = 16_384 }
    }
  }
}
