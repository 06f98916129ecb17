import GoogLeNet

/// The layers of a foreign graph, made of the operations that TensorFlow and TFLite share.
struct GraphBuilder {
  private var shapes: ImportedShapes
  private let budget: ValueBudget
  private(set) var layers: [Layer] = []
  private var indices: [String: Int] = [:]
  private var inputName = ""
  private var nonNegative: [Bool] = []
  /// Images that the graph computes at once; nil where that is open.
  private(set) var batch: Int?
  /// Whether a padding follows from the input's size in a way that another size would change.
  private(set) var dependsOnInputSize = false

  var paddingFixes: [PaddingFix] { shapes.fixes }

  /// Sizes beyond these are refused, so that no product of them overflows.
  private static let layerLimit = 10_000
  private static let pixelLimit = 1 << 26

  init(_ file: InputFile, _ options: ConversionOptions) {
    shapes = ImportedShapes(file.name, options)
    budget = file.budget
  }

  /// The network's input, of the dimensions that the file declares: nil where they are open.
  /// - Parameter size: replaces the declared size.
  mutating func input(
    _ node: some ForeignNode, name: String, dims: [Int?]?, size: (height: Int, width: Int)?
  ) throws(GoogLeNetError) -> (value: GraphActivation, declaredSize: (height: Int, width: Int)?) {
    let dims = dims ?? [nil, nil, nil, 3]
    guard dims.count == 4 else {
      throw node.unsupported("the input has \(dims.count) dimensions: images have 4 (N, H, W, C)")
    }
    guard dims.allSatisfy({ 1...65536 ~= ($0 ?? 1) }) else {
      throw node.unsupported("the input's dimensions are \(dims.map { $0 ?? -1 }): each must be 1 to 65,536")
    }
    let isChannelsFirst = [1, 3].contains(dims[1] ?? 0) && ![1, 3].contains(dims[3] ?? 0)
    let axes = isChannelsFirst ? GraphActivation.image : GraphActivation.channelsLast
    let height = dims[isChannelsFirst ? 2 : 1], width = dims[isChannelsFirst ? 3 : 2]
    batch = dims[0]
    inputName = name
    var declared: (height: Int, width: Int)?
    if let height, let width { declared = (height, width) }
    let chosen = size ?? (height ?? 224, width ?? 224)
    guard 1...65536 ~= chosen.height, 1...65536 ~= chosen.width else {
      throw node.unsupported("an input of \(chosen.height) x \(chosen.width)")
    }
    let shape = Shape(channels: dims[isChannelsFirst ? 1 : 3] ?? 3, height: chosen.height, width: chosen.width)
    shapes[name] = shape
    return (GraphActivation(layer: name, shape: shape, axes: axes), declared)
  }

  // MARK: - Layers

  mutating func add(
    _ node: some ForeignNode, _ operation: Operation, _ inputs: [GraphActivation],
    axes: [GraphActivation.Axis]? = nil, outputScale: Float? = nil
  ) throws(GoogLeNetError) -> GraphActivation {
    guard inputs.allSatisfy({ $0.padding == Padding() }) else {
      throw node.unsupported("its input has zeros around it, which only a convolution or pooling can take over")
    }
    return try append(node, operation, inputs, axes: axes, outputScale: outputScale)
  }

  private mutating func append(
    _ node: some ForeignNode, _ operation: Operation, _ inputs: [GraphActivation],
    axes: [GraphActivation.Axis]? = nil, outputScale: Float? = nil
  ) throws(GoogLeNetError) -> GraphActivation {
    guard layers.count < GraphBuilder.layerLimit else {
      throw node.unsupported("it is beyond the \(GraphBuilder.layerLimit) layers that are supported")
    }
    let name = unused(node.name)
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
    while indices[name] != nil || name == inputName {
      count += 1
      name = "\(base)_\(count)"
    }
    return name
  }

  /// - Parameter weights: (outputs, inputs a group, height, width).
  mutating func convolution(
    _ node: some ForeignNode, _ input: GraphActivation, weights: Tensor, bias: Tensor? = nil, _ window: GraphWindow
  ) throws(GoogLeNetError) -> GraphActivation {
    try check(node, input, window)
    let inputs = weights.dims[1]
    guard inputs > 0, input.shape.channels % inputs == 0 else {
      throw node.unsupported("its weights are for \(inputs) channels, its input has \(input.shape.channels)")
    }
    var convolution = Convolution(weights: weights, bias: bias)
    convolution.strideHeight = window.strides[0]
    convolution.strideWidth = window.strides[1]
    convolution.dilationHeight = window.dilations[0]
    convolution.dilationWidth = window.dilations[1]
    convolution.padding = window.padding(of: input)
    convolution.groups = input.shape.channels / inputs
    return try append(node, .convolution(convolution), [input])
  }

  mutating func pooling(
    _ node: some ForeignNode, _ method: Pooling.Method, _ input: GraphActivation, _ window: GraphWindow,
    outputScale: Float? = nil
  ) throws(GoogLeNetError) -> GraphActivation {
    try check(node, input, window)
    var pooling = Pooling(method)
    pooling.kernelHeight = window.kernel[0]
    pooling.kernelWidth = window.kernel[1]
    pooling.strideHeight = window.strides[0]
    pooling.strideWidth = window.strides[1]
    pooling.padding = window.padding(of: input)
    if input.padding != Padding() {
      // Zeros count in an average, and are no larger than any pixel of an input that is not negative.
      pooling.countIncludesPadding = method == .average
      let takesOver =
        method == .average ? pooling.padding == input.padding : indices[input.layer].map { nonNegative[$0] } ?? false
      guard takesOver else { throw node.unsupported("it pools an input with zeros around it") }
    }
    return try append(node, .pooling(pooling), [input], outputScale: outputScale)
  }

  private mutating func check(_ node: some ForeignNode, _ input: GraphActivation, _ window: GraphWindow)
    throws(GoogLeNetError)
  {
    guard input.axes == GraphActivation.channelsLast || input.axes == GraphActivation.image else {
      throw node.unsupported("its input is not an image with height, width and channels")
    }
    try window.check(node)
    if case .same = window.border, window.strides != [1, 1] { dependsOnInputSize = true }
  }

  /// - Parameter weights: (outputs, inputs), the inputs in the order of the axes that were flattened.
  mutating func innerProduct(
    _ node: some ForeignNode, _ input: GraphActivation, weights: Tensor, bias: Tensor? = nil
  ) throws(GoogLeNetError) -> GraphActivation {
    guard input.isVector || input.axes == [.batch, .flatChannelsLast] else {
      throw node.unsupported("its input is not a vector for each image")
    }
    var weights = weights
    if input.axes[1] == .flatChannelsLast, !input.isPixel {
      let shape = input.shape
      guard weights.dims[1] == shape.count else {
        throw node.unsupported("its weights are for \(weights.dims[1]) inputs, but it gets \(shape.count)")
      }
      let dims = [weights.dims[0], shape.height, shape.width, shape.channels]
      weights = try weights.reordered(as: dims, [0, 3, 1, 2], to: weights.dims, budget)
    }
    return try add(
      node, .innerProduct(InnerProduct(weights: weights, bias: bias)), [input], axes: [.batch, .channel])
  }

  mutating func concat(_ node: some ForeignNode, _ inputs: [GraphActivation], axis: Int) throws(GoogLeNetError)
    -> GraphActivation
  {
    guard let first = inputs.first else { throw node.invalid("it joins nothing") }
    guard inputs.allSatisfy({ $0.axes == first.axes }), first.axis(axis) == .channel else {
      throw node.unsupported("it joins along axis \(axis): only the channels are supported")
    }
    return inputs.count == 1 ? first : try add(node, .concat, inputs)
  }

  mutating func mean(
    _ node: some ForeignNode, _ input: GraphActivation, axes numbers: [Int], keepsAxes: Bool,
    outputScale: Float? = nil
  ) throws(GoogLeNetError) -> GraphActivation {
    let axes = numbers.map { input.axis($0) }
    guard axes.count == 2, axes.contains(.height), axes.contains(.width) else {
      throw node.unsupported("it averages over the axes \(numbers): only height and width together are supported")
    }
    var pooling = Pooling(.average)
    pooling.global = true
    let kept = keepsAxes ? input.axes : input.axes.filter { $0 != .height && $0 != .width }
    return try add(node, .pooling(pooling), [input], axes: kept, outputScale: outputScale)
  }

  mutating func softmax(_ node: some ForeignNode, _ input: GraphActivation) throws(GoogLeNetError) -> GraphActivation {
    guard input.isPixel, input.isChannel(input.axes.last) else {
      throw node.unsupported("it does not work along the channels of one pixel")
    }
    return try add(node, .softmax, [input])
  }

  // MARK: - Views

  func squeezed(_ node: some ForeignNode, _ input: GraphActivation, axes numbers: [Int]) throws(GoogLeNetError)
    -> GraphActivation
  {
    let axes = numbers.isEmpty ? [.height, .width] : numbers.map { input.axis($0) }
    guard axes.allSatisfy({ $0 == .height || $0 == .width }), axes.allSatisfy({ $0.flatMap(input.size) == 1 }) else {
      throw node.unsupported("it removes the axes \(numbers): only height and width of one pixel can be removed")
    }
    var result = input
    result.axes = input.axes.filter { !axes.contains($0) }
    return result
  }

  func reshaped(_ node: some ForeignNode, _ input: GraphActivation, to target: [Int]) throws(GoogLeNetError)
    -> GraphActivation
  {
    guard input.padding == Padding() else { throw node.unsupported("its input has zeros around it") }
    var result = input
    let isBatch = target.first == -1 || target.first == batch ?? 1
    let rest = [Int](target.dropFirst())
    let open = target.count(where: { $0 == -1 })
    if isBatch, open <= 1 || target.first == -1 && open == 2, !rest.isEmpty {
      if rest.count == 1, [input.shape.count, -1].contains(rest[0]) {
        result.axes = [.batch, flattened(input)]
        return result
      }
      let sizes = input.axes.dropFirst().map { input.size($0) ?? 0 }
      if rest.count == sizes.count, zip(rest, sizes).allSatisfy({ $0 == $1 || $0 == -1 }) { return input }
      if input.isPixel, rest.count == 3, rest.dropLast().allSatisfy({ $0 == 1 }),
        [input.shape.channels, -1].contains(rest[2])
      {
        result.axes = GraphActivation.channelsLast
        return result
      }
    }
    throw node.unsupported(
      "it reshapes \(input.shape.channels) x \(input.shape.height) x \(input.shape.width) to \(target): only (images, values of one image) is supported"
    )
  }

  private func flattened(_ input: GraphActivation) -> GraphActivation.Axis {
    if input.axes.count == 2 { return input.axes[1] }
    return input.axes == GraphActivation.image || input.isPixel ? .flat : .flatChannelsLast
  }

  /// - Parameter amounts: before and after each axis.
  func padded(_ node: some ForeignNode, _ input: GraphActivation, _ amounts: [Int]) throws(GoogLeNetError)
    -> GraphActivation
  {
    guard amounts.count == 2 * input.axes.count, amounts.allSatisfy({ 0...65536 ~= $0 }) else {
      throw node.invalid("its paddings are \(amounts)")
    }
    var added = Padding()
    for (index, axis) in input.axes.enumerated() {
      let (before, after) = (amounts[2 * index], amounts[2 * index + 1])
      switch axis {
      case .height: (added.top, added.bottom) = (before, after)
      case .width: (added.left, added.right) = (before, after)
      default:
        guard before == 0, after == 0 else {
          throw node.unsupported("it pads along another axis than height and width")
        }
      }
    }
    var result = input
    result.padding = input.padding.adding(added)
    guard result.padding.isReasonable else { throw node.unsupported("its paddings are \(amounts)") }
    return result
  }
}
