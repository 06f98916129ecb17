import Conversion
import GoogLeNet
import Testing

@Suite struct ONNXTests {
  @Test(arguments: [7, 9, 11, 13, 18, 22]) func smallNetwork(opset: Int) throws {
    var file = ONNXFile.small()
    file.opset = opset
    let result = try convert(file.bytes)
    #expect(result.source == .onnx(opset: opset))
    #expect(result.network.inputName == "image")
    #expect(result.network.layers.map(\.name) == ["conv", "relu", "pool", "fc", "prob"])
    #expect(result.network.preprocessing.inputHeight == 8)
    #expect(result.network.preprocessing.channelOrder == .rgb)
    let product = try #require(innerProduct(result, "fc"))
    #expect(product.weights.dims == [4, 2])
    #expect(product.weights.floats() == [0, 4, 1, 5, 2, 6, 3, 7])
    #expect(product.bias?.floats() == [1, 2, 3, 4])
  }

  @Test func gemmScalesAndTransposes() throws {
    var file = ONNXFile.small()
    file.tensors[2].dims = [4, 2]
    file.nodes[4].attributes = [ONNXFile.int("transB", 1), ONNXFile.float("alpha", 2), ONNXFile.float("beta", -1)]
    let product = try #require(innerProduct(try convert(file.bytes), "fc"))
    #expect(product.weights.floats() == [0, 2, 4, 6, 8, 10, 12, 14])
    #expect(product.bias?.floats() == [-1, -2, -3, -4])
  }

  @Test func matMulAndAddBecomeOneInnerProduct() throws {
    var file = ONNXFile.small()
    file.nodes[4] = ONNXFile.Node(type: "MatMul", inputs: ["flat", "m"], output: "product")
    file.nodes.insert(ONNXFile.Node(type: "Add", inputs: ["c", "product"], output: "fc"), at: 5)
    let result = try convert(file.bytes)
    #expect(result.network.layers.map(\.name) == ["conv", "relu", "pool", "fc", "prob"])
    let product = try #require(innerProduct(result, "fc"))
    #expect(product.weights.floats() == [0, 4, 1, 5, 2, 6, 3, 7])
    #expect(product.bias?.floats() == [1, 2, 3, 4])
  }

  @Test func everyWayToAVector() throws {
    let ways: [(ONNXFile) -> ONNXFile] = [
      { file in
        var file = file
        file.nodes[3] = ONNXFile.Node(type: "Reshape", inputs: ["pool", "shape"], output: "flat")
        file.tensors.append(ONNXFile.ints("shape", [0, -1]))
        return file
      },
      { file in
        var file = file
        file.nodes[3] = ONNXFile.Node(type: "Squeeze", inputs: ["pool", "axes"], output: "flat")
        file.tensors.append(ONNXFile.ints("axes", [-1, 2]))
        return file
      },
      { file in
        var file = file
        file.nodes[2] = ONNXFile.Node(
          type: "ReduceMean", inputs: ["relu"], output: "pool",
          attributes: [ONNXFile.ints("axes", [2, -1]), ONNXFile.int("keepdims", 0)])
        file.nodes[3] = ONNXFile.Node(type: "Identity", inputs: ["pool"], output: "flat")
        return file
      },
      { file in
        var file = file
        file.opset = 18
        file.nodes[2] = ONNXFile.Node(type: "ReduceMean", inputs: ["relu", "axes"], output: "pool")
        file.tensors.append(ONNXFile.ints("axes", [2, 3]))
        file.nodes[3] = ONNXFile.Node(type: "Dropout", inputs: ["pool"], output: "dropped")
        file.nodes.insert(ONNXFile.Node(type: "Flatten", inputs: ["dropped"], output: "flat"), at: 4)
        return file
      },
    ]
    for way in ways {
      let result = try convert(way(ONNXFile.small()).bytes)
      #expect(result.network.layers.map(\.name) == ["conv", "relu", "pool", "fc", "prob"])
    }
  }

  @Test func imageWithItsChannelsLastIsTransposed() throws {
    var file = ONNXFile.small()
    file.inputDims = [1, 8, 6, 3]
    file.nodes[0].inputs[0] = "planes"
    file.nodes.insert(
      ONNXFile.Node(
        type: "Transpose", inputs: ["image"], output: "planes", attributes: [ONNXFile.ints("perm", [0, 3, 1, 2])]),
      at: 0)
    let result = try convert(file.bytes)
    #expect(result.network.layers.map(\.name) == ["conv", "relu", "pool", "fc", "prob"])
    #expect(result.network.preprocessing.inputHeight == 8)
    #expect(result.network.preprocessing.inputWidth == 6)
    file.nodes.removeFirst()
    file.nodes[0].inputs[0] = "image"
    expectError(file.bytes, .unsupported, "n_conv", "(N, C, H, W)")
  }

  @Test func automaticPaddingFollowsTheInputSize() throws {
    for (mode, border) in [
      ("SAME_UPPER", Border.same(extraFirst: false)), ("SAME_LOWER", .same(extraFirst: true)), ("VALID", .valid),
    ] {
      var file = ONNXFile.small()
      file.nodes[0].attributes = [ONNXFile.string("auto_pad", mode), ONNXFile.ints("strides", [2, 2])]
      let result = try convert(file.bytes)
      guard case .convolution(let convolution) = result.network.layers[0].operation else {
        Issue.record("not a convolution")
        return
      }
      #expect(convolution.border == border, "\(mode)")
    }
  }

  @Test func poolingKeepsItsRules() throws {
    var file = ONNXFile.small()
    file.nodes[2] = ONNXFile.Node(
      type: "AveragePool", inputs: ["relu"], output: "window",
      attributes: [
        ONNXFile.ints("kernel_shape", [3, 2]), ONNXFile.ints("strides", [2, 3]), ONNXFile.ints("pads", [0, 1, 2, 0]),
        ONNXFile.int("ceil_mode", 1), ONNXFile.int("count_include_pad", 1),
      ])
    file.nodes.insert(ONNXFile.Node(type: "GlobalAveragePool", inputs: ["window"], output: "pool"), at: 3)
    let result = try convert(file.bytes)
    guard case .pooling(let pooling) = result.network.layers[2].operation else {
      Issue.record("not a pooling")
      return
    }
    #expect(pooling.method == .average)
    #expect(pooling.kernelHeight == 3 && pooling.kernelWidth == 2)
    #expect(pooling.strideHeight == 2 && pooling.strideWidth == 3)
    #expect(pooling.border == .explicit(Padding(top: 0, left: 1, bottom: 2, right: 0)))
    #expect(pooling.rounding == .ceil)
    #expect(pooling.countIncludesPadding)
    file.nodes[2].attributes.append(ONNXFile.ints("dilations", [2, 2]))
    expectError(file.bytes, .unsupported, "window", "dilated")
  }

  @Test func normalizationsFoldIntoTheConvolution() throws {
    var file = ONNXFile.small()
    file.tensors += [
      ONNXFile.floats("g", [2], [4, 6]), ONNXFile.floats("s", [2], [1, 2]), ONNXFile.floats("u", [2], [1, 2]),
      ONNXFile.floats("v", [2], [4, 9]), ONNXFile.floats("two", [1, 2, 1, 1], [2, 0.5]),
      ONNXFile.floats("one", [], [1]),
    ]
    file.nodes[1].inputs = ["shifted"]
    file.nodes.insert(
      contentsOf: [
        ONNXFile.Node(
          type: "BatchNormalization", inputs: ["conv", "g", "s", "u", "v"], output: "bn",
          attributes: [ONNXFile.float("epsilon", 0)]),
        ONNXFile.Node(type: "Mul", inputs: ["bn", "two"], output: "scaled"),
        ONNXFile.Node(type: "Sub", inputs: ["one", "scaled"], output: "shifted"),
      ], at: 1)
    let result = try convert(file.bytes)
    #expect(result.network.layers.map(\.name) == ["shifted", "relu", "pool", "fc", "prob"])
    guard case .convolution(let convolution) = result.network.layers[0].operation else {
      Issue.record("not a convolution")
      return
    }
    // 1 − 2·((w·x + 1 − 1)·2 + 1) and 1 − ((w·x + 2 − 2)·2 + 2) / 2.
    #expect(convolution.weights.floats()[0] == ONNXFile.weights[0] * -4)
    #expect(convolution.weights.floats()[27] == ONNXFile.weights[27] * -1)
    #expect(convolution.bias?.floats() == [-1, 0])
  }

  @Test func preprocessingInTheGraphIsFolded() throws {
    var file = ONNXFile.small()
    file.tensors += [ONNXFile.floats("mean", [3, 1, 1], [1, 2, 3]), ONNXFile.floats("deviation", [1], [2])]
    file.nodes[0].inputs[0] = "normal"
    file.nodes.insert(ONNXFile.Node(type: "Sub", inputs: ["image", "mean"], output: "centred"), at: 0)
    file.nodes.insert(ONNXFile.Node(type: "Div", inputs: ["centred", "deviation"], output: "normal"), at: 1)
    let result = try convert(file.bytes)
    #expect(result.network.layers.map(\.name) == ["conv", "relu", "pool", "fc", "prob"])
    #expect(result.network.layers[0].inputs == ["image"])
    #expect(result.network.preprocessing.mean == [1, 2, 3])
    #expect(result.network.preprocessing.scale == [0.5, 0.5, 0.5])
  }

  /// torchvision's `transform_input`: each channel is taken out, scaled and shifted, and all are joined.
  private func channelwise(order: [Int] = [0, 1, 2], scales: [Float] = [0.458, 0.448, 0.45]) -> ONNXFile {
    var file = ONNXFile.small()
    file.nodes[0].inputs[0] = "joined"
    var nodes: [ONNXFile.Node] = []
    let shifts: [Float] = [-0.03, -0.088, -0.188]
    for channel in 0..<3 {
      file.tensors.append(ONNXFile.floats("scale\(channel)", [], [scales[channel]]))
      file.tensors.append(ONNXFile.floats("shift\(channel)", [], [shifts[channel]]))
      var index: ONNXFile.Tensor = ONNXFile.ints("index\(channel)", [channel])
      index.dims = []
      file.tensors.append(index)
      nodes += [
        ONNXFile.Node(
          type: "Gather", inputs: ["image", "index\(channel)"], output: "taken\(channel)",
          attributes: [ONNXFile.int("axis", 1)]),
        ONNXFile.Node(type: "Unsqueeze", inputs: ["taken\(channel)", "axes"], output: "alone\(channel)"),
        ONNXFile.Node(type: "Mul", inputs: ["alone\(channel)", "scale\(channel)"], output: "scaled\(channel)"),
        ONNXFile.Node(type: "Add", inputs: ["scaled\(channel)", "shift\(channel)"], output: "shifted\(channel)"),
      ]
    }
    file.tensors.append(ONNXFile.ints("axes", [1]))
    nodes.append(
      ONNXFile.Node(
        type: "Concat", inputs: order.map { "shifted\($0)" }, output: "joined", attributes: [ONNXFile.int("axis", 1)]))
    file.nodes.insert(contentsOf: nodes, at: 0)
    return file
  }

  @Test func channelsScaledOneByOneAreFolded() throws {
    let result = try convert(channelwise().bytes)
    #expect(result.network.layers.map(\.name) == ["conv", "relu", "pool", "fc", "prob"])
    for channel in 0..<3 {
      #expect(abs(result.network.preprocessing.mean[channel] - 127.5) < 1e-3)
      #expect(abs(result.network.preprocessing.scale[channel] * 127.5 - 1) < 1e-5)
    }
    #expect(result.preprocessingReason.contains("begins with torchvision's transform_input"))
    // Other numbers are the network's own affair: pixels as they are.
    let other = try convert(channelwise(scales: [0.5, 0.5, 0.5]).bytes).network.preprocessing
    #expect(other.scale == [0.5, 0.5, 0.5])
    #expect(abs(other.mean[0] - 0.06) < 1e-6)
    expectError(channelwise(order: [2, 1, 0]).bytes, .unsupported, "'joined'", "channels [2, 1, 0]")
    expectError(channelwise(order: [0, 1]).bytes, .unsupported, "channels [0, 1]")
  }

  /// PyTorch's exporters name nodes or parameters by the modules.
  @Test func torchvisionsNamesTellTheResizeRule() throws {
    func rule(_ change: (inout ONNXFile) -> Void) throws -> Preprocessing.ResizeRule {
      var file = ONNXFile.small()
      change(&file)
      return try convert(file.bytes).network.preprocessing.resizeRule
    }
    func rename(_ file: inout ONNXFile, _ name: String) {
      file.nodes[0].inputs = file.nodes[0].inputs.map { $0 == file.tensors[0].name ? name : $0 }
      file.tensors[0].name = name
    }
    #expect(try rule { _ in } == .shortSide)
    #expect(try rule { $0.nodes[0].name = "/inception3a/branch1/conv/Conv" } == .torchvision)
    #expect(try rule { rename(&$0, "inception3a.branch1.conv.weight") } == .torchvision)
    #expect(try rule { rename(&$0, "inception_3a/1x1_w_0") } == .shortSide)
    #expect(try convert(channelwise().bytes).network.preprocessing.resizeRule == .torchvision)
    let other = try rule {
      $0.nodes[0].name = "/inception3a/branch1/conv/Conv"
      $0.nodes.insert(
        ONNXFile.Node(type: "LRN", inputs: ["image"], output: "norm", attributes: [ONNXFile.int("size", 3)]), at: 0)
      $0.nodes[1].inputs[0] = "norm"
    }
    #expect(other == .shortSide)
  }

  @Test func constantsOfEveryForm() throws {
    var file = ONNXFile.small()
    let tensor = ONNXFile.floats("", [2, 3, 3, 3], ONNXFile.weights)
    file.tensors.removeFirst()
    file.nodes.insert(
      ONNXFile.Node(
        type: "Constant", inputs: [], output: "w",
        attributes: [("value", WireWriter { $0.data(5, ONNXFile.serialize(tensor)) })]), at: 0)
    #expect(try firstWeights(file) == ONNXFile.weights)

    // As doubles, as halves in raw bytes and in int32_data, as floats in float_data.
    let contents: [WireWriter] = [
      WireWriter {
        $0.number(2, 11)
        $0.data(
          10, ONNXFile.weights.flatMap { value in withUnsafeBytes(of: Double(value).bitPattern) { [UInt8]($0) } })
      },
      WireWriter {
        $0.number(2, 10)
        $0.packedNumbers(5, ONNXFile.weights.map { Int(Float16($0).bitPattern) })
      },
      WireWriter {
        $0.number(2, 10)
        $0.data(9, ONNXFile.weights.flatMap { value in withUnsafeBytes(of: Float16(value).bitPattern) { [UInt8]($0) } })
      },
      WireWriter {
        $0.number(2, 1)
        $0.packedFloats(4, ONNXFile.weights)
      },
    ]
    for content in contents {
      var file = ONNXFile.small()
      file.tensors[0].content = content
      #expect(try firstWeights(file) == ONNXFile.weights)
    }
  }

  @Test func externalDataStaysInItsFolder() throws {
    try withTemporaryFolder { folder in
      _ = try write([UInt8](repeating: 0, count: 16) + littleEndian(ONNXFile.weights), folder + "/weights.bin")
      func model(_ location: String, offset: String = "16", length: String = "216") -> ONNXFile {
        var file = ONNXFile.small()
        file.tensors[0].content = WireWriter {
          $0.number(2, 1)
          for (key, value) in [("location", location), ("offset", offset), ("length", length)] {
            $0.message(13) {
              $0.text(1, key)
              $0.text(2, value)
            }
          }
          $0.number(14, 1)
        }
        return file
      }
      let path = try write(model("weights.bin").bytes, folder + "/model.onnx")
      let result = try Converter.convert(path: path, options: ConversionOptions())
      #expect(result.network.layers.count == 5)
      let bad = [
        (model("../weights.bin"), "own folder"), (model(folder + "/weights.bin"), "own folder"),
        (model(""), "own folder"),
        (model("none.bin"), "none.bin"), (model("weights.bin", offset: "17"), "only 232"),
        (model("weights.bin", offset: "-1"), "'-1'"), (model("weights.bin", offset: "9223372036854775807"), "only 232"),
        (model("weights.bin", length: "215"), "215"), (model("weights.bin", length: "x"), "'x'"),
      ]
      for (file, message) in bad {
        _ = try write(file.bytes, path)
        let error = #expect(throws: GoogLeNetError.self) {
          try Converter.convert(path: path, options: ConversionOptions())
        }
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
        #expect(error?.message.contains("'w'") == true, "\(error?.message ?? "")")
      }
      expectError(model("weights.bin").bytes, .unsupported, "from memory")
    }
  }

  @Test func auxiliaryOutputsAreLeftOut() throws {
    var file = ONNXFile.small()
    file.nodes.insert(ONNXFile.Node(type: "GlobalMaxPool", inputs: ["conv"], output: "aux", name: "aux_pool"), at: 1)
    file.outputs = ["aux", "prob"]
    let result = try convert(file.bytes)
    #expect(result.network.layers.map(\.name) == ["conv", "relu", "pool", "fc", "prob"])
    #expect(result.notes.contains { $0.contains("'aux'") })
    #expect(result.notes.contains { $0.contains("aux_pool") })
  }

  @Test func unsupportedOperatorsAreListedTogether() {
    var file = ONNXFile.small()
    file.nodes[1] = ONNXFile.Node(type: "Elu", inputs: ["conv"], output: "bent", name: "bend")
    file.nodes.insert(ONNXFile.Node(type: "Resize", inputs: ["bent"], output: "relu"), at: 2)
    expectError(file.bytes, .unsupported, "Elu (node 'bend')", "Resize (node 'relu')")
  }

  /// The small network with other nodes in the place of its ReLU.
  private func activated(_ nodes: [ONNXFile.Node], _ tensors: [ONNXFile.Tensor] = []) -> [UInt8] {
    var file = ONNXFile.small()
    file.tensors += tensors
    file.nodes.replaceSubrange(1...1, with: nodes)
    return file.bytes
  }

  private func activated(_ type: String, _ tensors: ONNXFile.Tensor..., float: (String, Float)? = nil) -> [UInt8] {
    let attributes = float.map { [ONNXFile.float($0.0, $0.1)] } ?? []
    return activated(
      [
        ONNXFile.Node(
          type: type, inputs: ["conv"] + tensors.map(\.name), output: "relu", name: "it", attributes: attributes)
      ], tensors)
  }

  private func operation(_ bytes: [UInt8]) throws -> GoogLeNet.Operation {
    let layers = try convert(bytes).network.layers
    return try #require(layers.first { $0.name == "relu" }).operation
  }

  @Test func activations() throws {
    guard case .sigmoid = try operation(activated("Sigmoid")) else { return #expect(Bool(false)) }
    for (bytes, slopes) in [
      (activated("LeakyRelu", float: ("alpha", 0.25)), [Float(0.25)]), (activated("LeakyRelu"), [0.01]),
      (activated("PRelu", ONNXFile.floats("s", [2, 1, 1], [0.5, -2])), [0.5, -2]),
      (activated("PRelu", ONNXFile.floats("s", [1, 2, 1, 1], [0.5, -2])), [0.5, -2]),
      (activated("PRelu", ONNXFile.floats("s", [], [3])), [3]),
    ] {
      guard case .prelu(let it) = try operation(bytes) else { return #expect(Bool(false)) }
      #expect(it.slopes.floats() == slopes)
    }
    let zero = ONNXFile.floats("zero", [], [0])
    guard case .clippedReLU(let it) = try operation(activated("Clip", zero, ONNXFile.floats("six", [], [6]))) else {
      return #expect(Bool(false))
    }
    #expect(it.maximum == 6)
    guard case .relu = try operation(activated("Clip", zero)) else { return #expect(Bool(false)) }

    expectError(
      activated("PRelu", ONNXFile.floats("s", [8], [Float](repeating: 0, count: 8))), .unsupported, "'it'", "[8]")
    expectError(activated("PRelu"), .invalidModel, "'it'", "its input 1 is missing")
    expectError(activated("LeakyRelu", float: ("alpha", .nan)), .invalidModel, "slopes", "NaN")
    expectError(activated("Clip"), .unsupported, "'it'", "it clips to")
    expectError(
      activated("Clip", ONNXFile.floats("least", [2], [0, 0])), .invalidModel, "'it'", "2 values instead of one")
    expectError(activated("Clip", ONNXFile.floats("least", [], [-1])), .unsupported, "-1.0")
    for most in [Float(0), -6, .nan] {
      expectError(activated("Clip", zero, ONNXFile.floats("most", [], [most])), .unsupported, "it clips to 0.0 to")
    }
  }

  /// What would come out of a softmax behind these are not the network's probabilities.
  @Test func endsThatAreNoScoresAreRefused() {
    for (nodes, told) in [
      ([ONNXFile.Node(type: "Sigmoid", inputs: ["fc"], output: "prob")], "'prob' (Sigmoid)"),
      (
        [
          ONNXFile.Node(type: "Softmax", inputs: ["fc"], output: "one"),
          ONNXFile.Node(type: "Sum", inputs: ["one", "one"], output: "prob"),
        ], "'prob' (Sum of softmaxes)"
      ),
    ] {
      var file = ONNXFile.small()
      file.nodes.removeLast()
      file.nodes += nodes
      expectError(file.bytes, .unsupported, told, "save the network without that end")
    }
  }

  @Test func sums() throws {
    for (type, inputs) in [("Add", ["conv", "conv"]), ("Sum", ["conv", "other", "conv"])] {
      let network = try convert(
        activated([
          ONNXFile.Node(type: "Relu", inputs: ["conv"], output: "other"),
          ONNXFile.Node(type: type, inputs: inputs, output: "relu"),
        ])
      ).network
      let layer = try #require(network.layers.first { $0.name == "relu" })
      guard case .sum = layer.operation else { return #expect(Bool(false)) }
      #expect(layer.inputs == inputs)
    }
    // The sum of one is that one.
    let one = try convert(activated([ONNXFile.Node(type: "Sum", inputs: ["conv"], output: "relu")])).network
    #expect(one.layers.map(\.name) == ["conv", "pool", "fc", "prob"])
    func sum(_ type: String, _ inputs: [String]) -> [UInt8] {
      activated([
        ONNXFile.Node(type: "GlobalAveragePool", inputs: ["conv"], output: "mean"),
        ONNXFile.Node(type: "Flatten", inputs: ["mean"], output: "row"),
        ONNXFile.Node(type: type, inputs: inputs, output: "relu", name: "it"),
      ])
    }
    expectError(sum("Add", ["conv", "mean"]), .invalidModel, "'relu'", "must be of one shape")
    expectError(sum("Add", ["conv", "row"]), .unsupported, "'it'", "axes differ")
    expectError(sum("Mul", ["conv", "conv"]), .unsupported, "'it'", "or images added")
    expectError(sum("Sum", ["conv", "w"]), .unsupported, "'it'", "does not depend")
  }

  @Test func whatCannotBeExpressedIsRefused() {
    func changed(_ change: (inout ONNXFile) -> Void) -> [UInt8] {
      var file = ONNXFile.small()
      change(&file)
      return file.bytes
    }
    expectError(changed { $0.opset = 6 }, .unsupported, "opset 6")
    expectError(changed { $0.opset = 23 }, .unsupported, "opset 23")
    expectError(changed { $0.inputDims = [1, 3, 8] }, .unsupported, "'image'")
    expectError(changed { $0.inputDims = [1, 4, 8, 8] }, .invalidModel, "'conv'")
    expectError(changed { $0.outputs = ["nothing"] }, .invalidModel, "outputs")
    expectError(changed { $0.nodes[1].inputs = ["missing"] }, .unsupported, "inputs")
    expectError(changed { $0.nodes.swapAt(0, 1) }, .invalidModel, "'conv'")
    expectError(changed { $0.nodes[1].inputs = ["relu"] }, .unsupported, "inputs")
    expectError(changed { $0.nodes[1].output = "conv" }, .invalidModel, "two nodes")
    expectError(changed { $0.nodes[5].attributes = [ONNXFile.int("axis", 0)] }, .unsupported, "n_prob", "axis 0")
    expectError(changed { $0.nodes[3].attributes = [ONNXFile.int("axis", 2)] }, .unsupported, "n_flat", "axis 2")
    expectError(changed { $0.nodes[0].attributes = [ONNXFile.ints("strides", [0, 1])] }, .invalidModel, "strides")
    expectError(changed { $0.nodes[0].attributes = [ONNXFile.ints("pads", [.max, 0, 0, 0])] }, .invalidModel, "pads")
    expectError(changed { $0.nodes[0].attributes = [ONNXFile.int("group", .min)] }, .invalidModel, "'conv'")
    expectError(changed { $0.tensors[0].dims = [2, 3, 3, 4] }, .invalidModel, "'w'", "216 bytes")
    expectError(changed { $0.tensors[0].dims = [.max, .max, 3, 4] }, .invalidModel, "'w'")
    expectError(changed { $0.tensors[0].dims = [-2, 3, 3, 3] }, .invalidModel, "'w'")
    expectError(changed { $0.tensors[1].dims = [3] }, .invalidModel, "'b'")
    expectError(changed { $0.tensors.remove(at: 0) }, .invalidModel, "n_conv", "'w'")
  }

  private func innerProduct(_ result: ConversionResult, _ name: String) -> InnerProduct? {
    for layer in result.network.layers where layer.name == name {
      if case .innerProduct(let product) = layer.operation { return product }
    }
    return nil
  }

  private func firstWeights(_ file: ONNXFile) throws -> [Float] {
    guard case .convolution(let convolution) = try convert(file.bytes).network.layers[0].operation else { return [] }
    return convolution.weights.floats()
  }
}
