@testable import GoogLeNet

/// Small networks for tests.
enum Networks {
  static func tensor(_ dims: Int..., seed: UInt64 = 7) throws -> Tensor {
    var random = RandomNumbers(seed: seed &+ UInt64(dims.reduce(1, *)))
    return try Tensor(random.floats(dims.reduce(1, *)), dims: dims)
  }

  static func convolution(_ name: String, _ input: String, _ inputs: Int, _ outputs: Int, kernel: Int, padding: Int = 0)
    throws -> Layer
  {
    var it = Convolution(
      weights: try tensor(outputs, inputs, kernel, kernel), bias: try tensor(outputs, seed: 3))
    it.border = .explicit(Padding(top: padding, left: padding, bottom: padding, right: padding))
    return Layer(name: name, inputs: [input], operation: .convolution(it))
  }

  static func pooling(
    _ name: String, _ input: String, _ method: Pooling.Method, kernel: Int, stride: Int, padding: Int = 0,
    rounding: Pooling.Rounding = .floor
  ) -> Layer {
    var it = Pooling(method)
    it.kernelHeight = kernel
    it.kernelWidth = kernel
    it.strideHeight = stride
    it.strideWidth = stride
    it.border = .explicit(Padding(top: padding, left: padding, bottom: padding, right: padding))
    it.rounding = rounding
    return Layer(name: name, inputs: [input], operation: .pooling(it))
  }

  static func relu(_ name: String, _ input: String) -> Layer {
    Layer(name: name, inputs: [input], operation: .relu)
  }

  static func network(_ layers: [Layer], size: Int = 17, labels: [String] = []) -> Network {
    Network(
      name: "test", producer: "GoogLeNetTests",
      preprocessing: Preprocessing(
        inputHeight: size, inputWidth: size, channelOrder: .bgr, mean: [10, 20, 30], scale: [0.5, 0.25, 0.125],
        shortSide: size + 3), labels: labels, inputName: "data", layers: layers)
  }

  /// One of everything: stem with normalization, an Inception module with odd channel counts, a grouped and dilated convolution,
  /// batch normalization folded and not, a global average, the classifier.
  static func inception(size: Int = 17) throws -> Network {
    var stride2 = try convolution("conv1", "data", 3, 9, kernel: 7, padding: 3)
    if case .convolution(var it) = stride2.operation {
      it.strideHeight = 2
      it.strideWidth = 2
      stride2.operation = .convolution(it)
    }
    var it = Convolution(weights: try tensor(30, 10, 3, 3), bias: nil)
    it.groups = 3
    it.dilationHeight = 2
    it.dilationWidth = 2
    it.border = .explicit(Padding(top: 2, left: 1, bottom: 2, right: 3))
    let grouped = Layer(name: "grouped", inputs: ["module"], operation: .convolution(it))
    var normalization = BatchNormalization()
    normalization.mean = try tensor(30, seed: 1)
    normalization.variance = try Tensor((0..<30).map { 0.5 + Float($0) / 30 }, dims: [30])
    normalization.scale = try tensor(30, seed: 5)
    normalization.shift = try tensor(30, seed: 6)
    normalization.epsilon = 1e-3
    var shift = BatchNormalization()
    shift.shift = try tensor(30, seed: 9)
    var global = Pooling(.average)
    global.global = true
    return network(
      [
        stride2, relu("conv1/relu", "conv1"),
        pooling("pool1", "conv1/relu", .max, kernel: 3, stride: 2, rounding: .ceil),
        Layer(
          name: "norm1", inputs: ["pool1"],
          operation: .localResponseNormalization(
            LocalResponseNormalization(size: 5, alpha: 0.3, beta: 0.75, k: 1, alphaPerElement: false))),
        try convolution("branch1", "norm1", 9, 11, kernel: 1), relu("branch1/relu", "branch1"),
        try convolution("branch2/reduce", "norm1", 9, 5, kernel: 1), relu("branch2/reduce/relu", "branch2/reduce"),
        try convolution("branch2", "branch2/reduce/relu", 5, 13, kernel: 3, padding: 1),
        relu("branch2/relu", "branch2"),
        pooling("branch3/pool", "norm1", .max, kernel: 3, stride: 1, padding: 1),
        try convolution("branch3", "branch3/pool", 9, 6, kernel: 5, padding: 2),
        Layer(
          name: "module", inputs: ["branch1/relu", "branch2/relu", "branch3"], operation: .concat),
        grouped, Layer(name: "grouped/bn", inputs: ["grouped"], operation: .batchNormalization(normalization)),
        relu("grouped/relu", "grouped/bn"),
        Layer(name: "shifted", inputs: ["grouped/relu"], operation: .batchNormalization(shift)),
        Layer(name: "joined", inputs: ["shifted", "grouped/relu", "shifted"], operation: .concat),
        pooling("pool2", "joined", .average, kernel: 3, stride: 2, padding: 1),
        Layer(name: "pool3", inputs: ["pool2"], operation: .pooling(global)),
        Layer(name: "dropout", inputs: ["pool3"], operation: .dropout),
        Layer(
          name: "fc", inputs: ["dropout"],
          operation: .innerProduct(InnerProduct(weights: try tensor(21, 90), bias: try tensor(21)))),
        Layer(name: "prob", inputs: ["fc"], operation: .softmax),
      ], size: size)
  }

  /// What the quantizer can bring into int8 as a whole: a stem with normalization, an Inception module with odd channel
  /// counts, a grouped and dilated convolution, both ways of pooling, the classifier.
  static func quantizable() throws -> Network {
    var grouped = Convolution(weights: try tensor(30, 10, 3, 3), bias: try tensor(30))
    grouped.groups = 3
    grouped.dilationHeight = 2
    grouped.dilationWidth = 2
    grouped.border = .explicit(Padding(top: 2, left: 1, bottom: 2, right: 3))
    var global = Pooling(.average)
    global.global = true
    // Small weights: with logits far apart all probabilities would be 0 or 1.
    let classifier = try Tensor(try tensor(21, 30).floats().map { $0 * 0.003 }, dims: [21, 30])
    return network([
      try convolution("conv1", "data", 3, 9, kernel: 7, padding: 3), relu("conv1/relu", "conv1"),
      pooling("pool1", "conv1/relu", .max, kernel: 3, stride: 2, rounding: .ceil),
      Layer(
        name: "norm1", inputs: ["pool1"],
        operation: .localResponseNormalization(
          LocalResponseNormalization(size: 5, alpha: 1e-4, beta: 0.75, k: 1, alphaPerElement: false))),
      try convolution("branch1", "norm1", 9, 11, kernel: 1), relu("branch1/relu", "branch1"),
      try convolution("branch2/reduce", "norm1", 9, 5, kernel: 1), relu("branch2/reduce/relu", "branch2/reduce"),
      try convolution("branch2", "branch2/reduce/relu", 5, 13, kernel: 3, padding: 1), relu("branch2/relu", "branch2"),
      pooling("branch3/pool", "norm1", .max, kernel: 3, stride: 1, padding: 1),
      try convolution("branch3", "branch3/pool", 9, 6, kernel: 5, padding: 2), relu("branch3/relu", "branch3"),
      Layer(name: "module", inputs: ["branch1/relu", "branch2/relu", "branch3/relu"], operation: .concat),
      Layer(name: "grouped", inputs: ["module"], operation: .convolution(grouped)), relu("grouped/relu", "grouped"),
      pooling("pool2", "grouped/relu", .average, kernel: 3, stride: 2, padding: 1),
      Layer(name: "pool3", inputs: ["pool2"], operation: .pooling(global)),
      Layer(name: "dropout", inputs: ["pool3"], operation: .dropout),
      Layer(
        name: "fc", inputs: ["dropout"],
        operation: .innerProduct(InnerProduct(weights: classifier, bias: try tensor(21)))),
      Layer(name: "prob", inputs: ["fc"], operation: .softmax),
    ])
  }
}
