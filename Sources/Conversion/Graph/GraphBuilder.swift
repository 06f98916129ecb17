import GoogLeNet

/// The layers of a foreign graph while it is read, made of the operators that all formats share.
struct GraphBuilder {
  let file: InputFile
  private var shapes: ImportedShapes
  private let inputSize: (height: Int, width: Int)?
  private var layers: [Layer] = []
  private var indices: [String: Int] = [:]
  private var nonNegative: [Bool] = []
  private(set) var input: GraphActivation?
  private var declaredSize: (height: Int, width: Int)?
  /// Images that the graph computes at once; nil where that is open.
  private(set) var batch: Int?
  /// Whether a padding that follows from the input's size cannot do so at another one.
  var hasFixedPadding = false
  /// The nodes of dropout, which are no layers.
  var dropped: [String] = []
  /// What was assumed or left out so far.
  var notes: [String] = []
  /// For each layer how its output is stored, where the file tells.
  var quantizations: [String: ActivationQuantization] = [:]
  /// For each layer the ReLU that stands for the clamping of its quantization, where one was needed.
  var clamped: [String: GraphActivation] = [:]

  /// Sizes beyond these are refused, so that no product of them overflows.
  private static let layerLimit = 10_000
  private static let pixelLimit = 1 << 26

  /// - Parameter file: that of the structure.
  init(_ file: InputFile, _ options: ConversionOptions) {
    self.file = file
    shapes = ImportedShapes(file.name, options)
    inputSize = options.inputSize
  }

  // MARK: - Input and output

  /// The network's input, of the dimensions that the file declares: nil where they are open.
  /// - Parameters:
  ///   - name: what the input is called, where no layer is.
  ///   - axes: of four dimensions.
  mutating func readInput(_ node: some ForeignNode, name: String, dims: [Int?], axes: [GraphActivation.Axis])
    throws(GoogLeNetError) -> GraphActivation
  {
    guard input == nil else {
      throw node.unsupported("it is an input beside '\(input?.layer ?? "")': one image is what a GoogLeNet reads")
    }
    let isChannelsFirst = axes == GraphActivation.image
    guard dims.count == 4 else {
      throw node.unsupported(
        "the input has \(dims.count) dimensions: images have 4 (\(isChannelsFirst ? "N, C, H, W" : "N, H, W, C"))")
    }
    guard dims.allSatisfy({ 1...65536 ~= ($0 ?? 1) }) else {
      throw node.unsupported("the input's dimensions are \(dims.map { $0 ?? -1 }): each must be 1 to 65,536")
    }
    let height = dims[isChannelsFirst ? 2 : 1], width = dims[isChannelsFirst ? 3 : 2]
    batch = dims[0]
    if let height, let width { declaredSize = (height, width) }
    let chosen = inputSize ?? (height ?? 224, width ?? 224)
    let shape = Shape(channels: dims[isChannelsFirst ? 1 : 3] ?? 3, height: chosen.height, width: chosen.width)
    shapes[name] = shape
    let result = GraphActivation(layer: name, shape: shape, axes: axes)
    input = result
    return result
  }

  /// Leaves out what the output does not depend on: what a view of its layer leaves behind it is not the output.
  /// - Parameter name: how errors call the output.
  /// - Returns: the layers that are left.
  mutating func finish(_ output: GraphValue?, _ name: String) throws(GoogLeNetError) -> [Layer] {
    guard case .activation(let result)? = output, input != nil else {
      throw file.invalid("its output '\(name)' does not depend on an image")
    }
    guard result.padding == Padding() else { throw file.unsupported("its output '\(name)' has zeros around it") }
    layers = LayerGraph.needed(layers, for: result.layer)
    guard !layers.isEmpty else { throw file.invalid("its output is its input") }
    if hasFixedPadding {
      notes.append("SAME padding beside other zeros is that for the input size given here, and stays so at others")
    }
    if !dropped.isEmpty {
      notes.append("left out dropout, which does nothing at inference: \(dropped.joined(separator: ", "))")
    }
    return layers
  }

  /// What the finished graph is.
  func network(
    _ source: SourceFormat, name: String = "", _ preprocessing: PreprocessingDefaults, labels: [String] = [],
    metadata: [MetadataEntry] = []
  ) -> ImportedNetwork {
    ImportedNetwork(
      source: source, name: name, inputName: input?.layer ?? "", layers: layers,
      inputChannels: input?.shape.channels ?? 0, inputSize: declaredSize, preprocessing: preprocessing, labels: labels,
      metadata: metadata, quantizations: quantizations, paddingFixes: shapes.fixes, notes: notes)
  }

  // MARK: - Layers

  /// Adds a layer, called as the node unless another one is.
  /// - Parameters:
  ///   - axes: of the output; nil for those of the first input.
  ///   - outputScale: of the output where it is stored in 8 bits.
  mutating func add(
    _ node: some ForeignNode, _ operation: Operation, _ inputs: [GraphActivation],
    axes: [GraphActivation.Axis]? = nil, outputScale: Float? = nil
  ) throws(GoogLeNetError) -> GraphActivation {
    guard inputs.allSatisfy({ $0.padding == Padding() }) else {
      throw node.unsupported("its input has zeros around it, which only a convolution or pooling can take over")
    }
    return try append(node, operation, inputs, axes: axes, outputScale: outputScale)
  }

  /// The same for an operation that takes over the zeros around its input.
  mutating func append(
    _ node: some ForeignNode, _ operation: Operation, _ inputs: [GraphActivation],
    axes: [GraphActivation.Axis]? = nil, outputScale: Float? = nil
  ) throws(GoogLeNetError) -> GraphActivation {
    guard layers.count < GraphBuilder.layerLimit else {
      throw node.unsupported("it is beyond the \(GraphBuilder.layerLimit) layers that are supported")
    }
    guard inputs.allSatisfy({ $0.quantization == nil }) else {
      throw node.unsupported("its input is quantized: only DequantizeLinear may read that (the QDQ form)")
    }
    let name = unused(node.layerName)
    let layer = Layer(name: name, inputs: inputs.map(\.layer), operation: operation, outputScale: outputScale)
    let shape = try shapes.append(layer, to: &layers)
    guard shape.height <= GraphBuilder.pixelLimit / max(shape.width, 1) else {
      throw node.unsupported("its output of \(shape.channels) x \(shape.height) x \(shape.width) is too large")
    }
    nonNegative.append(
      ActivationEncoding.isNonNegative(operation, inputs.map { indices[$0.layer] ?? -1 }, nonNegative))
    indices[name] = layers.count - 1
    return GraphActivation(layer: name, shape: shape, axes: axes ?? inputs[0].axes)
  }

  private func unused(_ wanted: String) -> String {
    let base = wanted.isEmpty ? "layer" : wanted
    var name = base
    var count = 1
    while hasLayer(name) || name == input?.layer {
      count += 1
      name = "\(base)_\(count)"
    }
    return name
  }

  func hasLayer(_ name: String) -> Bool { indices[name] != nil }

  /// Whether no value can be negative.
  func isNonNegative(_ activation: GraphActivation) -> Bool {
    indices[activation.layer].map { nonNegative[$0] } ?? false
  }

  // MARK: - Elementwise

  /// Every number as floating point, in which nothing of an image or of whole numbers is lost; a cast of anything else to
  /// whole numbers is refused.
  func cast(_ node: some ForeignNode, _ value: GraphValue, toFloats: Bool) throws(GoogLeNetError) -> GraphValue {
    switch value {
    case .constant(let constant):
      guard toFloats || constant.isWhole else { throw node.unsupported("it casts a constant to whole numbers") }
      return .constant(toFloats ? try constant.floating(file.budget) : constant)
    case .activation where !toFloats:
      throw node.unsupported("it casts an image to a type that is not floating-point")
    case .inputChannel: throw node.unsupported("it casts one channel of the input")
    case .activation, .dropoutMask, .shape: return value
    }
  }

  mutating func softmax(_ node: some ForeignNode, _ input: GraphActivation, axis: Int = -1) throws(GoogLeNetError)
    -> GraphActivation
  {
    guard input.isPixel, input.isChannel(input.axis(axis)) else {
      throw node.unsupported("it works along axis \(axis): only the channels of one pixel are supported")
    }
    return try add(node, .softmax, [input])
  }

  /// TensorFlow's form of local response normalization.
  mutating func localResponseNormalization(
    _ node: some ForeignNode, _ input: GraphActivation, radius: Int, alpha: Float, beta: Float, k: Float
  ) throws(GoogLeNetError) -> GraphActivation {
    guard 0...65536 ~= radius, input.axes.last == .channel else {
      throw node.unsupported("its radius is \(radius), and its input's last axis must be the channels")
    }
    return try add(
      node,
      .localResponseNormalization(
        LocalResponseNormalization(size: 2 * radius + 1, alpha: alpha, beta: beta, k: k, alphaPerElement: true)),
      [input])
  }

  // MARK: - Matrices and joins

  /// - Parameters:
  ///   - weights: a matrix. Its inputs come in the order of the axes that were flattened.
  ///   - isInputsFirst: whether a row holds the weights of an input instead of those of an output.
  mutating func innerProduct(
    _ node: some ForeignNode, _ input: GraphActivation, weights: Tensor, isInputsFirst: Bool = false,
    bias: Tensor? = nil
  ) throws(GoogLeNetError) -> GraphActivation {
    guard input.isVector || input.axes == [.batch, .flatChannelsLast] else {
      throw node.unsupported("its input is not a vector for each image")
    }
    let outputs = weights.dims[isInputsFirst ? 1 : 0], inputs = weights.dims[isInputsFirst ? 0 : 1]
    var weights = weights
    if input.axes[1] == .flatChannelsLast, !input.isPixel {
      let shape = input.shape
      guard inputs == shape.count else {
        throw node.unsupported("its weights are for \(inputs) inputs, but it gets \(shape.count)")
      }
      let image = [shape.height, shape.width, shape.channels]
      weights =
        isInputsFirst
        ? try weights.reordered(as: image + [outputs], [3, 2, 0, 1], to: [outputs, inputs], file.budget)
        : try weights.reordered(as: [outputs] + image, [0, 3, 1, 2], to: [outputs, inputs], file.budget)
    } else if isInputsFirst {
      weights = try weights.transposed(file.budget)
    }
    return try add(node, .innerProduct(InnerProduct(weights: weights, bias: bias)), [input], axes: [.batch, .channel])
  }

  /// - Parameter axis: counted from the end where negative.
  mutating func concat(_ node: some ForeignNode, _ inputs: [GraphActivation], axis: Int) throws(GoogLeNetError)
    -> GraphActivation
  {
    guard let first = inputs.first else { throw node.invalid("it joins nothing") }
    guard inputs.allSatisfy({ $0.isAlong(first) }), first.isChannel(first.axis(axis)) else {
      throw node.unsupported("it joins along axis \(axis): only the channels are supported")
    }
    return try add(node, .concat, inputs)
  }
}
