import Conversion
import GoogLeNet
import Testing

@Suite struct CaffeTests {
  @Test(arguments: [false, true]) func smallNetwork(legacy: Bool) throws {
    let result = try convert(CaffeFile.small(legacy: legacy).bytes)
    #expect(result.source == .caffe(legacy: legacy))
    #expect(result.network.layers.map(\.name) == ["conv", "relu", "pool", "fc", "prob"])
    #expect(result.network.layers.map(\.inputs) == [["data"], ["conv"], ["relu"], ["pool"], ["fc"]])
    #expect(result.network.preprocessing.inputHeight == 8)
    #expect(result.network.preprocessing.channelOrder == .bgr)
    #expect(result.network.preprocessing.shortSide == 9)
    #expect(result.notes.contains { $0.contains("drop") })
    guard case .convolution(let convolution) = result.network.layers[0].operation,
      case .pooling(let pooling) = result.network.layers[2].operation,
      case .innerProduct(let product) = result.network.layers[3].operation
    else {
      Issue.record("the layers are of other kinds")
      return
    }
    #expect(convolution.weights.dims == [2, 3, 3, 3])
    #expect(convolution.weights.floats()[5] == 2)
    #expect(convolution.border == .explicit(Padding(top: 1, left: 1, bottom: 1, right: 1)))
    #expect(pooling.rounding == .ceil)
    #expect(pooling.countIncludesPadding)
    #expect(product.weights.dims == [3, 32])
  }

  @Test func trainedNetworkIsCutToItsMainHead() throws {
    let result = try convert(CaffeFile.trained().bytes)
    #expect(result.network.layers.map(\.name) == ["conv", "relu", "pool", "fc", "prob"])
    #expect(result.network.inputName == "data")
    #expect(result.network.preprocessing.inputHeight == 8)
    #expect(result.network.preprocessing.mean == [10, 20, 30])
    #expect(result.notes.contains { $0.contains("loss1/classifier") && $0.contains("auxiliary") })
    #expect(result.notes.contains { $0.contains("loss3/loss3") })
  }

  @Test func batchNormAndScaleAreFolded() throws {
    var file = CaffeFile.small(legacy: false)
    file.layers[0].parameter?.content.number(2, 0)
    file.layers[0].blobs.removeLast()
    let normalization = CaffeFile.Layer(
      name: "bn", type: "BatchNorm", bottoms: ["conv"], tops: ["conv"],
      blobs: [([2], [2, 4]), ([2], [8, 18]), ([1], [2])],
      parameter: (139, 0, WireWriter { $0.float(3, 0) }))
    let scale = CaffeFile.Layer(
      name: "scale", type: "Scale", bottoms: ["conv"], tops: ["conv"], blobs: [([2], [4, 6]), ([2], [1, 2])],
      parameter: (142, 0, WireWriter { $0.number(4, 1) }))
    file.layers.insert(contentsOf: [normalization, scale], at: 1)
    let result = try convert(file.bytes)
    #expect(result.network.layers.map(\.name) == ["scale", "relu", "pool", "fc", "prob"])
    guard case .convolution(let convolution) = result.network.layers[0].operation else {
      Issue.record("not a convolution")
      return
    }
    // The factor 2 halves mean and variance: (1, 2) and (4, 9). So the scales are 4/2 and 6/3, the shifts 1 − 1·2 and 2
    // − 2·2.
    #expect(convolution.weights.floats().first == -6)
    #expect(convolution.bias?.floats() == [-1, -2])
  }

  @Test func meanImagesBecomeMeans() throws {
    func mean(_ dims: [Int], _ values: [Float]) -> [UInt8] {
      WireWriter { it in
        for (index, dim) in dims.enumerated() { it.number(UInt64(index + 1), dim) }
        it.packedFloats(5, values)
      }.bytes
    }
    try withTemporaryFolder { folder in
      let bytes = CaffeFile.small(legacy: false).bytes
      var options = ConversionOptions()
      func result(_ image: [UInt8]) throws -> ConversionResult {
        options.meanImagePath = try write(image, folder + "/mean.binaryproto")
        return try convert(bytes, options: options)
      }
      let constant = try result(mean([1, 3, 1, 2], [104, 104, 117, 117, 123, 123]))
      #expect(constant.network.preprocessing.mean == [104, 117, 123])
      #expect(constant.notes.contains { $0.contains("the same at each pixel") })
      // The input has 8 x 8 pixels: of ten columns the first and the last are cut off.
      let row = [1000] + (0..<8).map(Float.init) + [1000]
      let varied = try result(mean([1, 3, 8, 10], [[Float]](repeating: row, count: 24).flatMap { $0 }))
      #expect(varied.network.preprocessing.mean == [3.5, 3.5, 3.5])
      #expect(varied.notes.contains { $0.contains("the average of its centre of 8 x 8") })
      for (image, status, part) in [
        (mean([1, 1, 1, 1], [5]), .invalidArgument, "1 channels, the network's input 3"),
        (mean([1, 3, 2, 2], [5]), .invalidModel, "not a mean image"), ([7, 7, 7], .invalidModel, "BlobProto"),
      ] as [([UInt8], Status, String)] {
        let error = #expect(throws: GoogLeNetError.self) { try result(image) }
        #expect(error?.status == status)
        #expect(error?.message.contains(part) == true, "\(error?.message ?? "")")
      }
      options.mean = [1]
      let twice = #expect(throws: GoogLeNetError.self) { try convert(bytes, options: options) }
      #expect(twice?.message.contains("both given") == true)
      options.mean = nil
      expectError(ONNXFile.small().bytes, .invalidArgument, "a mean image belongs to a caffemodel", options: options)
    }
  }

  @Test func poolingNeedsNoSoftmaxOfItsOwn() throws {
    var file = CaffeFile.small(legacy: false)
    file.layers.removeLast()
    let result = try convert(file.bytes)
    #expect(result.network.layers.last?.name == "prob")
    #expect(result.notes.contains { $0.contains("softmax") })
  }

  @Test func unsupportedLayersAreListedTogether() {
    var file = CaffeFile.small(legacy: false)
    file.layers.insert(CaffeFile.simple("log", "Log", "conv", top: "conv"), at: 1)
    file.layers.insert(CaffeFile.simple("bend", "TanH", "conv", top: "conv"), at: 2)
    expectError(file.bytes, .unsupported, "Log (layer 'log')", "TanH (layer 'bend')")
  }

  @Test func elementwiseLayers() throws {
    for isLegacy in [false, true] {
      var file = CaffeFile.small(legacy: isLegacy)
      let slope = WireWriter { $0.float(1, 0.25) }
      file.layers.insert(
        contentsOf: [
          CaffeFile.Layer(name: "leak", type: "ReLU", bottoms: ["conv"], tops: ["leak"], parameter: (123, 30, slope)),
          CaffeFile.simple("bend", "Sigmoid", "conv", top: "bend"),
          CaffeFile.simple("plain", "Eltwise", "leak", "bend", "conv", top: "plain"),
          CaffeFile.Layer(
            name: "sum", type: "Eltwise", bottoms: ["plain", "conv"], tops: ["conv"],
            parameter: (
              110, 24,
              WireWriter {
                $0.number(1, 1)
                $0.float(2, 1)
                $0.float(2, 1)
              }
            )),
        ], at: 1)
      var layers = try convert(file.bytes).network.layers[1...4].map(\.operation)
      guard case .prelu(let leak) = layers.removeFirst(), case .sigmoid = layers[0], case .sum = layers[1],
        case .sum = layers[2]
      else {
        return #expect(Bool(false))
      }
      #expect(leak.slopes.floats() == [0.25])
      for (value, name) in [(0, "PROD"), (2, "MAX"), (3, "3")] {
        file.layers[4].parameter = (110, 24, WireWriter { $0.number(1, value) })
        expectError(file.bytes, .unsupported, "Eltwise \(name) (layer 'sum')")
      }
      file.layers[4].parameter = (
        110, 24,
        WireWriter {
          $0.float(2, 1)
          $0.float(2, -1)
        }
      )
      expectError(file.bytes, .unsupported, "Eltwise SUM with coefficients (layer 'sum')")
    }
    var file = CaffeFile.small(legacy: false)
    var learnt = CaffeFile.simple("learnt", "PReLU", "conv", top: "conv")
    let channels = file.layers[0].blobs[0].dims[0]
    // Caffe itself saves one slope for all channels in a blob without dimensions.
    for (dims, slopes) in [([channels], [Float](repeating: 0.5, count: channels)), ([1], [0.5]), ([], [0.5])] {
      learnt.blobs = [(dims: dims, values: slopes)]
      file.layers.insert(learnt, at: 1)
      guard case .prelu(let it) = try convert(file.bytes).network.layers[1].operation else {
        return #expect(Bool(false))
      }
      #expect(it.slopes.floats() == slopes)
      file.layers.remove(at: 1)
    }
    learnt.blobs = []
    file.layers.insert(learnt, at: 1)
    expectError(file.bytes, .invalidModel, "'learnt'", "no slopes")
  }

  @Test func whatCannotBeExpressedIsRefused() {
    func small(_ index: Int, _ parameter: (UInt64, UInt64, WireWriter)) -> [UInt8] {
      var file = CaffeFile.small(legacy: false)
      file.layers[index].parameter = parameter
      return file.bytes
    }
    expectError(small(1, (123, 30, WireWriter { $0.float(1, .infinity) })), .invalidModel, "'relu'", "slopes")
    expectError(small(2, (121, 19, WireWriter { $0.number(1, 2) })), .unsupported, "'pool'", "method 2")
    expectError(small(2, (121, 19, WireWriter())), .invalidModel, "'pool'", "no kernel")
    expectError(small(5, (125, 39, WireWriter { $0.number(2, 2) })), .unsupported, "'prob'", "axis 2")
    expectError(small(0, (106, 10, WireWriter { $0.number(1, 5) })), .invalidModel, "'conv'")
    var file = CaffeFile.small(legacy: false)
    let content = WireWriter { $0.number(4, 1) }
    file.layers.insert(
      CaffeFile.Layer(name: "norm", type: "LRN", bottoms: ["conv"], tops: ["conv"], parameter: (118, 18, content)),
      at: 1)
    expectError(file.bytes, .unsupported, "'norm'", "within channels")
  }

  @Test func brokenWeightsAreRefused() {
    var file = CaffeFile.small(legacy: false)
    file.layers[0].blobs[0].values.removeLast()
    expectError(file.bytes, .invalidModel, "'conv'", "53 values")
    file = CaffeFile.small(legacy: false)
    file.layers[0].blobs[0].dims = [2, 3, 3, -3]
    expectError(file.bytes, .invalidModel, "'conv'")
    file.layers[0].blobs[0].dims = [2, .max, .max, 3]
    expectError(file.bytes, .invalidModel, "'conv'")
    file = CaffeFile.small(legacy: false)
    file.layers[3].blobs.removeLast()
    expectError(file.bytes, .invalidModel, "'fc'", "bias")
    file = CaffeFile.small(legacy: false)
    file.layers[0].blobs[1].values[1] = .nan
    expectError(file.bytes, .invalidModel, "'conv'", "NaN")
    file = CaffeFile.small(legacy: false)
    file.layers[1].name = "conv"
    expectError(file.bytes, .invalidModel, "two layers are called 'conv'")
  }

  /// Where and how prototxts declare the input, and which size comes of it: 12 x 8 always.
  static let inputs = [
    "input: 'data' input_dim: 10 input_dim: 3 input_dim: 12 input_dim: 8",
    "input: 'data' input_shape { dim: 1 dim: 3 dim: 12 dim: 8 }",
    "layer { name: 'in' type: 'Input' top: 'data' input_param { shape: { dim: 10 dim: 3 dim: 12 dim: 8 } } }",
    "layer { name: 'in' type: 'Input' top: 'data' input_param { shape { dim: [1, 3, 12, 8] } } } force_backward: true",
    """
    layer { name: 'in' type: 'Data' top: 'data' top: 'label' include { phase: TRAIN } transform_param { crop_size: 99 } }
    layer { name: 'in' type: 'Input' top: 'data' include { phase: TEST }
      input_param { shape { dim: 1 dim: 3 dim: 12 dim: 8 } } }
    """,
  ]

  private func described(_ prototxt: String, _ options: ConversionOptions = ConversionOptions()) throws
    -> ConversionResult
  {
    var result: ConversionResult?
    try withTemporaryFolder { folder in
      let model = try write(CaffeFile.small(legacy: true).bytes, folder + "/small.caffemodel")
      var options = options
      options.prototxtPath = try write([UInt8](prototxt.utf8), folder + "/net.prototxt")
      result = try Converter.convert(path: model, options: options)
    }
    return try #require(result)
  }

  @Test(arguments: inputs) func prototxtsDeclareTheInput(input: String) throws {
    let convolution = """
      layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
        convolution_param { num_output: 2 pad: 1 kernel_size: 3 } }
      """
    let end = "layer { name: 'prob' type: 'Softmax' bottom: 'pool' top: 'prob' }"
    let pooling =
      "layer { name: 'pool' type: 'Pooling' bottom: 'conv' top: 'pool' pooling_param { pool: AVE kernel_h: 12 kernel_w: 8 } }"
    let result = try described(input + "\n" + convolution + pooling + end)
    #expect(result.network.preprocessing.inputHeight == 12)
    #expect(result.network.preprocessing.inputWidth == 8)
    // Another size leaves more than one pixel, which a softmax refuses: the size counts for what follows.
    var options = ConversionOptions()
    options.inputSize = (24, 16)
    let error = #expect(throws: GoogLeNetError.self) {
      try described(input + "\n" + convolution + pooling + end, options)
    }
    #expect(error?.message.contains("'prob'") == true, "\(error?.message ?? "")")
    let global =
      "layer { name: 'pool' type: 'Pooling' bottom: 'conv' top: 'pool' pooling_param { pool: AVE global_pooling: true } }"
    #expect(try described(input + "\n" + convolution + global + end, options).network.preprocessing.inputHeight == 24)
  }

  /// As Places205 has it: types in capitals, and what only training needs.
  @Test func legacyPrototxtsAreRead() throws {
    let result = try described(
      """
      name: "small" input: "data" input_dim: 10 input_dim: 3 input_dim: 8 input_dim: 8
      layers { bottom: "data" top: "conv" name: "conv" type: CONVOLUTION blobs_lr: 1 blobs_lr: 2 weight_decay: 1
        weight_decay: 0 convolution_param { num_output: 2 pad: 1 kernel_size: 3
          weight_filler { type: "xavier" std: 0.1 } bias_filler { type: "constant" value: 0.2 } } }
      layers { bottom: "conv" top: "conv" name: "relu" type: RELU }
      layers { bottom: "conv" top: "pool" name: "pool" type: POOLING
        pooling_param { pool: AVE kernel_size: 2 stride: 2 } }
      layers { bottom: "pool" top: "fc" name: "fc" type: INNER_PRODUCT inner_product_param { num_output: 3 } }
      layers { bottom: "fc" top: "fc" name: "drop" type: DROPOUT dropout_param { dropout_ratio: 0.4 } }
      layers { bottom: "fc" top: "prob" name: "prob" type: SOFTMAX }
      """)
    let alone = try convert(CaffeFile.small(legacy: true).bytes)
    #expect(result.source == alone.source)
    #expect(result.network.layers.map(\.inputs) == alone.network.layers.map(\.inputs))
    for (left, right) in zip(result.network.layers, alone.network.layers) { try expectEqual(left, right) }
  }

  /// A file that tells no size is imported at the size that is asked for.
  @Test func inputSizeIsThatAskedFor() throws {
    var file = CaffeFile.small(legacy: true)
    file.input = nil
    expectError(file.bytes, .unsupported, "'fc'", "32 inputs")
    var options = ConversionOptions()
    options.inputSize = (8, 8)
    #expect(try convert(file.bytes, options: options).network.preprocessing.inputWidth == 8)
    options.inputSize = (Int.max, 1)
    expectError(file.bytes, .invalidArgument, "each side must be 1 to 4096", options: options)
  }

  /// A classifier of another name or with other classes is not that of the weights.
  @Test func newHeadsNeedTheirOwnWeights() throws {
    let start = """
      input: 'data' input_dim: 1 input_dim: 3 input_dim: 8 input_dim: 8
      layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
        convolution_param { num_output: 2 pad: 1 kernel_size: 3 } }
      layer { name: "pool" type: "Pooling" bottom: "conv" top: "pool" pooling_param { pool: AVE kernel_size: 2 stride: 2 } }
      """
    func head(_ name: String, _ outputs: Int) -> String {
      "layer { name: '\(name)' type: 'InnerProduct' bottom: 'pool' top: 'out' inner_product_param { num_output: \(outputs) } }"
    }
    #expect(try described(start + head("fc", 3)).network.layers.map(\.name) == ["conv", "pool", "fc", "prob"])
    for (text, part) in [
      (head("my_fc", 3), "layer 'my_fc' (InnerProduct) has no weights"),
      (head("fc", 205), "layer 'fc': its weights are 1 x 1 x 3 x 32 (96 values), but 205 outputs are described"),
    ] {
      let error = #expect(throws: GoogLeNetError.self) { try described(start + text) }
      #expect(error?.message.contains(part) == true, "\(error?.message ?? "")")
    }
  }

  @Test func meanFilesOfDataLayersAreTold() throws {
    var file = CaffeFile.trained()
    file.layers[0].parameter = (
      100, 36,
      WireWriter {
        $0.number(3, 8)
        $0.text(4, "mean.binaryproto")
      }
    )
    #expect(try convert(file.bytes).notes.contains { $0.contains("subtracts the image in 'mean.binaryproto'") })
    var options = ConversionOptions()
    options.mean = [1, 2, 3]
    #expect(try convert(file.bytes, options: options).notes.allSatisfy { !$0.contains("mean.binaryproto") })
  }

  @Test func prototxtGivesTheStructure() throws {
    let prototxt = """
      name: "other"  # a comment
      input: "data" input_dim: [1, 3, 12, 8]
      layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
        param { lr_mult: 1 decay_mult: 1 }
        convolution_param { num_output: 2 pad: 1, kernel_size: 3 weight_filler { type: 'xavier' std: 1e-2 } } }
      layer { name: "pool" type: "Pooling" bottom: "conv" top: "pool"
        pooling_param < pool: MAX global_pooling: true > }
      layer { name: "new" type: "Softmax" bottom: "pool" top: "new" }
      """
    try withTemporaryFolder { folder in
      let model = try write(CaffeFile.small(legacy: true).bytes, folder + "/small.caffemodel")
      var options = ConversionOptions()
      options.prototxtPath = try write([UInt8](prototxt.utf8), folder + "/net.prototxt")
      let result = try Converter.convert(path: model, options: options)
      #expect(result.network.name == "other")
      #expect(result.network.layers.map(\.name) == ["conv", "pool", "new"])
      #expect(result.network.preprocessing.inputHeight == 12)
      #expect(result.network.preprocessing.inputWidth == 8)
      for (text, message) in [
        ("layer { name: 'a' type: }", "line 1"), ("layer {\n name: \"a\n", "line 2"),
        ("layer { pooling_param { pool: MOST } }", "'MOST'"),
        ("layer { convolution_param { pad: -1 } }", "'pad'"), ("layer {", "not closed"), ("layers", "':'"),
        ("layer { name: 'nothing' type: 'Convolution' bottom: 'data' top: 'x' }", "'nothing'"), ("", "no layers"),
        (String(repeating: "layer {", count: 200), "nested"),
      ] {
        options.prototxtPath = try write([UInt8](text.utf8), folder + "/bad.prototxt")
        let error = #expect(throws: GoogLeNetError.self) { try Converter.convert(path: model, options: options) }
        #expect(error?.message.contains(message) == true, "\(text): \(error?.message ?? "")")
        #expect(error?.message.contains("bad.prototxt") == true)
      }
    }
  }
}
