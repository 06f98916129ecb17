import GoogLeNet
import Testing

@testable import Conversion

/// The rules that stand once for all formats.
@Suite struct GraphTests {
  private typealias Axis = GraphActivation.Axis

  /// A graph whose input of `size` is read with these axes.
  private func withInput(
    _ axes: [Axis], channels: Int = 3, height: Int = 8, width: Int = 6,
    _ body: (inout GraphBuilder, GraphInput, GraphActivation) throws -> Void
  ) throws {
    try [UInt8](repeating: 0, count: 8).withUnsafeBytes { bytes in
      let file = InputFile(name: "test file", folder: nil, bytes: bytes)
      var builder = GraphBuilder(file, ConversionOptions())
      let node = GraphInput(name: "image", file: file)
      let dims: [Int?] = axes == GraphActivation.image ? [1, channels, height, width] : [1, height, width, channels]
      let input = try builder.readInput(node, name: "image", dims: dims, axes: axes)
      try body(&builder, node, input)
    }
  }

  @Test func channelsTellTheAxesOfAnInput() {
    let image = GraphActivation.image, last = GraphActivation.channelsLast
    for (dims, usual, expected) in [
      ([1, 3, 8, 8], last, image), ([1, 8, 8, 3], image, last), ([1, 3, 8, 3], last, last),
      ([1, 3, 8, 3], image, image),
      ([1, 8, 8, 8], image, image), ([nil, nil, nil, 3], last, last), ([1, 8, 8], last, last),
    ] as [([Int?], [Axis], [Axis])] {
      #expect(GraphActivation.axes(of: dims, usual: usual) == expected, "\(dims)")
    }
  }

  @Test func inputsBesideTheFirstAreRefused() throws {
    try withInput(GraphActivation.image) { builder, node, _ in
      let error = #expect(throws: GoogLeNetError.self) {
        try builder.readInput(node, name: "other", dims: [1, 3, 8, 8], axes: GraphActivation.image)
      }
      #expect(error?.message.contains("beside 'image'") == true)
    }
  }

  @Test func flatteningKeepsTheOrderOfTheAxes() throws {
    try withInput(GraphActivation.channelsLast) { builder, node, input in
      #expect(try builder.flattened(node, input).axes == [.batch, .flatChannelsLast])
      let planes = try builder.transposed(node, input, [0, 3, 1, 2])
      #expect(planes.axes == GraphActivation.image)
      #expect(try builder.flattened(node, planes).axes == [.batch, .flat])
      #expect(try builder.reshaped(node, planes, to: [-1, 144]).axes == [.batch, .flat])
      let turned = try builder.transposed(node, input, [0, 2, 1, 3])
      let error = #expect(throws: GoogLeNetError.self) { try builder.flattened(node, turned) }
      #expect(error?.message.contains("neither (N, C, H, W) nor (N, H, W, C)") == true)
      let pixel = try builder.globalPooling(node, .average, input)
      #expect(try builder.flattened(node, pixel).axes == [.batch, .flat])
    }
  }

  /// Where channels and pixels are one each, dimensions alone do not tell them apart.
  @Test func onePixelGetsTheAxesOfTheInput() throws {
    for axes in [GraphActivation.image, GraphActivation.channelsLast] {
      try withInput(axes, channels: 1) { builder, node, input in
        let pooled = try builder.globalPooling(node, .average, input, keepsAxes: false)
        #expect(try builder.reshaped(node, pooled, to: [1, 1, 1, 1]).axes == axes)
      }
      try withInput(axes) { builder, node, input in
        let pooled = try builder.globalPooling(node, .average, input, keepsAxes: false)
        #expect(try builder.reshaped(node, pooled, to: [1, 3, 1, 1]).axes == GraphActivation.image)
        #expect(try builder.reshaped(node, pooled, to: [1, 1, 1, -1]).axes == GraphActivation.channelsLast)
      }
    }
  }

  /// Both orders of a matrix for an image that was flattened with its channels last.
  @Test(arguments: [false, true]) func matricesFollowWhatWasFlattened(isInputsFirst: Bool) throws {
    try withInput(GraphActivation.channelsLast, channels: 2, height: 1, width: 2) { builder, node, input in
      let flat = try builder.flattened(node, input)
      let values: [Float] = isInputsFirst ? [0, 10, 1, 11, 2, 12, 3, 13] : [0, 1, 2, 3, 10, 11, 12, 13]
      let weights = try Tensor(values, dims: isInputsFirst ? [4, 2] : [2, 4], builder.file.budget)
      let result = try builder.innerProduct(node, flat, weights: weights, isInputsFirst: isInputsFirst)
      #expect(result.axes == [.batch, .channel])
      guard case .innerProduct(let product)? = try builder.finish(.activation(result), "out").first?.operation else {
        return #expect(Bool(false), "no inner product")
      }
      #expect(product.weights.dims == [2, 4])
      #expect(product.weights.floats() == [0, 2, 1, 3, 10, 12, 11, 13])
    }
  }

  /// Kernel, strides, whether the extra pixel comes first, and what the layer has around its input of 8 x 6.
  private static let sameWindows: [([Int], [Int], Bool, Border)] = [
    ([3, 3], [2, 2], false, .same(extraFirst: false)), ([3, 3], [2, 2], true, .same(extraFirst: true)),
    ([1, 2], [1, 3], false, .same(extraFirst: false)),
    // The same at each size, so that it can be said in numbers.
    ([3, 3], [1, 1], false, .explicit(Padding(top: 1, left: 1, bottom: 1, right: 1))),
    ([2, 4], [1, 1], false, .explicit(Padding(left: 1, bottom: 1, right: 2))),
    ([2, 4], [1, 1], true, .explicit(Padding(top: 1, left: 2, right: 1))), ([1, 1], [2, 2], false, .valid),
    ([1, 3], [2, 1], false, .explicit(Padding(left: 1, right: 1))),
  ]

  @Test(arguments: sameWindows)
  func samePaddingIsARuleWhereItDependsOnTheSize(kernel: [Int], strides: [Int], extraFirst: Bool, border: Border) throws
  {
    try withInput(GraphActivation.image) { builder, node, input in
      let window = GraphWindow(kernel: kernel, strides: strides, border: .same(extraFirst: extraFirst))
      let result = try builder.pooling(node, .max, input, window)
      guard case .pooling(let pooling)? = try builder.finish(.activation(result), "out").first?.operation else {
        return #expect(Bool(false), "no pooling")
      }
      #expect(pooling.border == border)
      #expect(builder.notes.isEmpty, "\(builder.notes)")
    }
  }

  /// A model file cannot say zeros beside a rule.
  @Test func samePaddingBesideZerosIsThatOfTheSize() throws {
    try withInput(GraphActivation.image) { builder, node, input in
      let weights = try Tensor([Float](repeating: 1, count: 81), dims: [3, 3, 3, 3], builder.file.budget)
      let padded = try builder.padded(node, input, [0, 0, 0, 0, 1, 0, 2, 3])
      let window = GraphWindow(kernel: [3, 3], strides: [2, 2], border: .same(extraFirst: false))
      let result = try builder.convolution(node, padded, weights: weights, window)
      guard case .convolution(let it)? = try builder.finish(.activation(result), "out").first?.operation else {
        return #expect(Bool(false), "no convolution")
      }
      // 9 x 11 pixels need one on each side, both around the zeros that are there.
      #expect(it.border == .explicit(Padding(top: 2, left: 3, bottom: 1, right: 4)))
      #expect(
        builder.notes == [
          "SAME padding beside other zeros is that for the input size given here, and stays so at others"
        ])
    }
  }

  private static let sameFiles: [String] = [
    "graphdef-slim.pb", "graphdef-2015.pb", "tflite-float.tflite", "tflite-int8.tflite", "keras2-deeper.h5",
  ]

  /// Whatever the format, as its networks have SAME everywhere, also where a stride makes it depend on the input's size.
  @Test(arguments: sameFiles) func samePaddingOfEveryFormat(name: String) throws {
    var rules = 0
    for layer in try convert(try GoldenFiles.bytes(name)).network.layers {
      let window: (border: Border, isStrided: Bool)
      switch layer.operation {
      case .convolution(let it): window = (it.border, it.strideHeight > 1 && it.kernelHeight > 1)
      case .pooling(let it) where !it.global: window = (it.border, it.strideHeight > 1 && it.kernelHeight > 1)
      default: continue
      }
      let isRule = window.border == .same(extraFirst: false)
      if !isRule { #expect(!window.isStrided || window.border == .valid, "\(layer.name): \(window.border)") }
      if isRule { #expect(window.isStrided, "\(layer.name)") }
      rules += isRule ? 1 : 0
    }
    #expect(rules > 0)
  }

  @Test func channelsAreScaledAndJoined() throws {
    try withInput(GraphActivation.image) { builder, node, input in
      let two = try GraphConstant(row: [2], builder.file.budget)
      var channels: [GraphInputChannel] = []
      for index in [0, 1, -1] {
        let taken = try builder.channel(node, input, index, axis: 1, keepsAxis: true)
        let doubled = try builder.combine(node, .multiply, .inputChannel(taken), .constant(two))
        guard case .inputChannel(let channel) = doubled else { return #expect(Bool(false), "no channel") }
        channels.append(channel)
      }
      #expect(channels.map(\.index) == [0, 1, 2] && channels.allSatisfy { $0.scale == 2 })
      _ = try builder.joined(node, channels, axis: -3)
      for operation in [GraphArithmetic.subtract, .divide] {
        #expect(throws: GoogLeNetError.self) {
          try builder.combine(node, operation, .constant(two), .inputChannel(channels[0]))
        }
      }
    }
  }

  @Test func constantsAreFoldedWhateverReadsThem() throws {
    var file = ONNXFile.small()
    file.tensors += [ONNXFile.floats("half", [1], [0.5]), ONNXFile.floats("b2", [2], [3, 5])]
    file.nodes.insert(ONNXFile.Node(type: "Mul", inputs: ["b2", "half"], output: "halved"), at: 0)
    file.nodes[1].inputs[2] = "halved"
    guard case .convolution(let it) = try convert(file.bytes).network.layers[0].operation else {
      return #expect(Bool(false), "no convolution")
    }
    #expect(it.bias?.floats() == [1.5, 2.5])
  }

  @Test func mainHeadIsTheLongest() {
    // 0 → 1 → 2 → 3, and 1 → 4.
    let sources = [[], [0], [1], [2], [1]]
    #expect(MainHead.choose([4, nil, 3], sources)?.output == 2)
    #expect(MainHead.choose([4, nil, 3], sources)?.nodes == [0, 1, 2, 3])
    #expect(MainHead.choose([4, 2], sources)?.output == 0)
    #expect(MainHead.choose([nil], sources) == nil)
    #expect(MainHead.ancestors(of: 4, sources) == [0, 1, 4])
  }

  @Test func unsupportedNodesAreCounted() {
    [UInt8]().withUnsafeBytes { bytes in
      let file = InputFile(name: "test file", folder: nil, bytes: bytes)
      let nodes = (0..<22).map { GraphInput(name: "n\($0)", file: file) }
      let error = #expect(throws: GoogLeNetError.self) {
        try UnsupportedNodes.refuse(nodes, beyond: [], "operators", file)
      }
      #expect(error?.message.contains("input (node 'n19') and 2 more") == true, "\(error?.message ?? "")")
      #expect(throws: Never.self) { try UnsupportedNodes.refuse(nodes, beyond: ["input"], "operators", file) }
    }
  }
}
