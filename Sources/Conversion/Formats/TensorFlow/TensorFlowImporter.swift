import CForeignFormats
import GoogLeNet

/// Reads TensorFlow graphs: frozen ones, and those of SavedModels.
struct TensorFlowImporter {
  private typealias Operands = GraphOperands<TensorFlowNode>

  private let file: InputFile
  private var graph: TensorFlowGraph
  private let reader: TensorFlowTensorReader
  private let variables: TensorFlowVariables?
  private var builder: GraphBuilder
  private var values: [TensorFlowGraph.Place: GraphValue] = [:]

  /// A frozen graph.
  static func network(of file: InputFile, options: ConversionOptions) throws(GoogLeNetError)
    -> ImportedNetwork
  {
    let message = try ForeignMessage(file, what: "a TensorFlow GraphDef", unpack: tensorflow__graph__unpack)
    return try withExtendedLifetime(message) { () throws(GoogLeNetError) in
      let graph = try TensorFlowGraph(message.message.pointee, file)
      let ends = graph.ends()
      var importer = TensorFlowImporter(file, graph, variables: nil, options: options)
      return try importer.network(outputs: ends, source: .tensorFlowGraph)
    }
  }

  init(
    _ file: InputFile, _ graph: TensorFlowGraph, variables: TensorFlowVariables?,
    options: ConversionOptions
  ) {
    self.file = file
    self.graph = graph
    self.variables = variables
    reader = TensorFlowTensorReader(file)
    builder = GraphBuilder(file, options)
  }

  /// - Parameter outputs: what could be the network's output; the one that depends on most nodes is, of those that can
  ///   be converted.
  mutating func network(outputs: [String], source: SourceFormat) throws(GoogLeNetError) -> ImportedNetwork {
    let chosen = try choose(outputs)
    for (place, inputs) in chosen.nodes {
      values[place] = try convert(operands(graph.node(place), inputs), place, inputs)
    }
    let layers = try builder.finish(values[chosen.output.place], chosen.name)
    let preprocessing = TensorFlowPreprocessing.defaults(layers, builder.input, &builder.notes)
    return builder.network(source, preprocessing)
  }

  // MARK: - Graph

  private typealias Chosen = (
    name: String, output: TensorFlowGraph.Reference,
    nodes: [(place: TensorFlowGraph.Place, inputs: [TensorFlowGraph.Reference])]
  )

  private mutating func choose(_ outputs: [String]) throws(GoogLeNetError) -> Chosen {
    var found: [Chosen] = []
    // The sum of all paths is bounded, or many outputs of a long graph would take long.
    var total = 0
    for name in outputs.prefix(MainHead.outputLimit) {
      let output = try graph.resolve(name, in: 0)
      let nodes = try graph.needed(for: output)
      total += nodes.count
      guard total < 1_000_000 else { throw file.unsupported("its outputs depend on too many nodes") }
      found.append((name, output, nodes))
    }
    guard let longest = found.max(by: { $0.nodes.count < $1.nodes.count }) else {
      throw file.unsupported("it is a TensorFlow graph in which nothing is computed")
    }
    let convertible = found.filter {
      $0.nodes.allSatisfy { TensorFlowImporter.supported.contains(graph.node($0.place).type) }
    }
    guard let best = convertible.max(by: { $0.nodes.count < $1.nodes.count }) else {
      try UnsupportedNodes.refuse(
        longest.nodes.map { graph.node($0.place) }, beyond: TensorFlowImporter.supported, "operations", file)
      return longest
    }
    builder.notes += MainHead.notes(outputs: outputs, chosen: best.name, nodes: [])
    return best
  }

  private static let supported = ownOperations.union(GraphElementwise.tensorFlow.keys)

  private static let ownOperations: Set<String> = [
    "Add", "AddV2", "AvgPool", "BatchNormWithGlobalNormalization", "BiasAdd", "BiasAddV1", "Cast", "CheckNumerics",
    "Concat", "ConcatV2", "Const", "Conv2D", "ExpandDims", "Floor", "FusedBatchNorm", "FusedBatchNormV2",
    "FusedBatchNormV3", "GreaterEqual", "Identity", "LRN", "MatMul", "MaxPool", "Mean", "Mul", "Neg", "Pack", "Pad",
    "PadV2", "Placeholder", "PlaceholderWithDefault", "PreventGradient", "RandomUniform", "ReadVariableOp", "RealDiv",
    "Reshape", "Rsqrt", "SelectV2", "Shape", "Snapshot", "Softmax", "Sqrt", "Square", "Squeeze", "StopGradient",
    "StridedSlice", "Sub", "VarHandleOp", "Variable", "VariableV2",
  ]

  private func operands(_ node: TensorFlowNode, _ inputs: [TensorFlowGraph.Reference]) -> Operands {
    GraphOperands(
      node,
      zip(node.inputs, inputs).map { name, input in
        guard let value = values[input.place] else { return .unmade(name: name) }
        return input.output == 0 ? .value(value, name: name) : .furtherOutput(name: name)
      })
  }

  // MARK: - Nodes

  private mutating func convert(
    _ it: Operands, _ place: TensorFlowGraph.Place, _ inputs: [TensorFlowGraph.Reference]
  ) throws(GoogLeNetError) -> GraphValue {
    let node = it.node
    switch node.type {
    case "Const":
      guard let tensor = node.tensor("value") else { throw node.invalid("it has no value") }
      // Texts are no numbers, and nothing that is converted reads them.
      return .constant(try reader.constant(tensor, name: node.name))
    case "Placeholder": return .activation(try placeholder(node))
    case "VarHandleOp", "Variable", "VariableV2":
      guard let variables else {
        throw node.unsupported(
          "the variable's value is not in this file: convert the SavedModel folder, or a frozen graph")
      }
      return .constant(try variables.value(of: node, place))
    case "Identity", "ReadVariableOp", "StopGradient", "PreventGradient", "CheckNumerics", "Snapshot",
      "PlaceholderWithDefault":
      return try it.value(0)
    case "Cast":
      let format = node.elementType("DstT").flatMap { TensorFlowTensorReader.formats[$0] }
      return try builder.cast(node, try it.value(0), toFloats: format?.isFloatingPoint ?? false)
    case "Add", "AddV2": return try builder.combine(node, .add, try it.value(0), try it.value(1))
    case "Sub": return try builder.combine(node, .subtract, try it.value(0), try it.value(1))
    case "RealDiv": return try builder.combine(node, .divide, try it.value(0), try it.value(1))
    case "Mul": return try product(it, inputs)
    case "Rsqrt", "Sqrt", "Square", "Neg", "Floor": return try elementwise(it)
    case "RandomUniform": return .dropoutMask
    case "GreaterEqual":
      guard case .dropoutMask = try it.value(0) else { throw node.unsupported("it compares an image") }
      return .dropoutMask
    case "SelectV2": return try selection(it, inputs)
    case "Shape", "StridedSlice", "Pack", "Reshape", "Squeeze", "ExpandDims": return try view(it)
    default: return .activation(try layer(it))
    }
  }

  private mutating func layer(_ it: Operands) throws(GoogLeNetError) -> GraphActivation {
    let node = it.node
    if let elementwise = GraphElementwise.tensorFlow[node.type] { return try builder.apply(elementwise, it) }
    switch node.type {
    case "Softmax": return try builder.softmax(node, try it.activation())
    case "Conv2D": return try convolution(it)
    case "MaxPool", "AvgPool": return try pooling(it)
    case "LRN":
      return try builder.localResponseNormalization(
        node, try it.activation(), radius: node.int("depth_radius", 5), alpha: node.float("alpha", 1),
        beta: node.float("beta", 0.5), k: node.float("bias", 1))
    case "FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3", "BatchNormWithGlobalNormalization":
      return try batchNormalization(it)
    case "BiasAdd", "BiasAddV1": return try biasAddition(it)
    case "Concat", "ConcatV2": return try concat(it)
    case "MatMul": return try matrixProduct(it)
    case "Mean":
      return try builder.mean(
        node, try it.activation(), axes: try it.integers(1), keepsAxes: node.bool("keep_dims", false))
    case "Pad", "PadV2":
      return try builder.padded(node, try it.activation(), try it.integers(1), value: try it.optionalConstant(2))
    default: throw node.unsupported("the operation is not supported")
    }
  }

  private mutating func placeholder(_ node: TensorFlowNode) throws(GoogLeNetError) -> GraphActivation {
    guard let type = node.elementType("dtype"), let format = TensorFlowTensorReader.formats[type], format != .bool
    else {
      throw node.unsupported("its element type is \(node.elementType("dtype") ?? 0): float32 is what an image has")
    }
    let dims = node.shape("shape") ?? [nil, nil, nil, 3]
    let axes = GraphActivation.axes(of: dims, usual: GraphActivation.channelsLast)
    return try builder.readInput(node, name: node.name, dims: dims, axes: axes)
  }

  // MARK: Windows

  /// The axes that `data_format` gives, and where height and width are among them.
  private func format(_ node: TensorFlowNode, _ input: GraphActivation) throws(GoogLeNetError) -> [Int] {
    let format = node.string("data_format") ?? "NHWC"
    let axes: [String: [GraphActivation.Axis]] = ["NHWC": GraphActivation.channelsLast, "NCHW": GraphActivation.image]
    guard let expected = axes[format] else { throw node.unsupported("its data_format is '\(format)'") }
    guard input.axes == expected else {
      throw node.unsupported("its data_format is \(format), but its input does not have those axes")
    }
    return format == "NHWC" ? [1, 2] : [2, 3]
  }

  /// Height and width of an attribute with a number for each axis, the others of which must be 1.
  private func pair(_ node: TensorFlowNode, _ name: String, _ places: [Int], fallback: [Int]? = nil)
    throws(GoogLeNetError) -> [Int]
  {
    guard let values = node.ints(name) ?? fallback, values.count == 4,
      [0, 1, 2, 3].allSatisfy({ places.contains($0) || values[$0] == 1 })
    else {
      throw node.unsupported("\(name) is \(node.ints(name) ?? []): one for each axis, 1 for images and channels")
    }
    return places.map { values[$0] }
  }

  private func border(_ node: TensorFlowNode, _ places: [Int]) throws(GoogLeNetError) -> Border {
    switch node.string("padding") {
    case "SAME": return .same(extraFirst: false)
    case "VALID": return .valid
    case "EXPLICIT":
      guard let pads = node.ints("explicit_paddings"), pads.count == 8 else {
        throw node.invalid("explicit_paddings needs 8 numbers")
      }
      let rows = 2 * places[0], columns = 2 * places[1]
      return .explicit(
        Padding(top: pads[rows], left: pads[columns], bottom: pads[rows + 1], right: pads[columns + 1]))
    default: throw node.invalid("its padding is '\(node.string("padding") ?? "")'")
    }
  }

  private mutating func convolution(_ it: Operands) throws(GoogLeNetError) -> GraphActivation {
    let node = it.node
    let input = try it.activation()
    let weights = try it.constant(1)
    guard weights.dims.count == 4, weights.dims.checkedProduct != nil else {
      throw node.invalid("its weights have the dimensions \(weights.dims): 4 above 0 are needed")
    }
    let places = try format(node, input)
    let window = GraphWindow(
      kernel: [weights.dims[0], weights.dims[1]], strides: try pair(node, "strides", places),
      dilations: try pair(node, "dilations", places, fallback: [1, 1, 1, 1]), border: try border(node, places))
    // (height, width, inputs, outputs) in the file.
    return try builder.convolution(
      node, input, weights: try weights.tensor(order: [3, 2, 0, 1], file.budget), window)
  }

  private mutating func pooling(_ it: Operands) throws(GoogLeNetError) -> GraphActivation {
    let node = it.node
    let input = try it.activation()
    let places = try format(node, input)
    let window = GraphWindow(
      kernel: try pair(node, "ksize", places), strides: try pair(node, "strides", places),
      border: try border(node, places))
    return try builder.pooling(node, node.type == "MaxPool" ? .max : .average, input, window)
  }

  // MARK: Normalization and arithmetic

  private mutating func batchNormalization(_ it: Operands) throws(GoogLeNetError) -> GraphActivation {
    let node = it.node
    let input = try it.activation()
    let channels = input.shape.channels
    var normalization = BatchNormalization()
    if node.type == "BatchNormWithGlobalNormalization" {
      normalization.mean = try it.vector(1, "mean", count: channels)
      normalization.variance = try it.vector(2, "variance", count: channels)
      normalization.shift = try it.vector(3, "shift", count: channels)
      if node.bool("scale_after_normalization", false) {
        normalization.scale = try it.vector(4, "scale", count: channels)
      }
      normalization.epsilon = node.float("variance_epsilon", 0)
    } else {
      guard !node.bool("is_training", true) else {
        throw node.unsupported("it normalizes by the statistics of its input (is_training): export it for inference")
      }
      _ = try format(node, input)
      normalization.scale = try it.vector(1, "scale", count: channels)
      normalization.shift = try it.vector(2, "shift", count: channels)
      normalization.mean = try it.vector(3, "mean", count: channels)
      normalization.variance = try it.vector(4, "variance", count: channels)
      normalization.epsilon = node.float("epsilon", 1e-4)
    }
    return try builder.add(node, .batchNormalization(normalization), [input])
  }

  private mutating func biasAddition(_ it: Operands) throws(GoogLeNetError) -> GraphActivation {
    let node = it.node
    let input = try it.activation()
    if input.axes.count == 4 { _ = try format(node, input) }
    guard input.axes.count == 4 || input.isVector, input.axes.contains(.channel) || input.isPixel else {
      throw node.unsupported("its input has no axis of channels")
    }
    var affine = BatchNormalization()
    affine.shift = try it.vector(1, "bias", count: input.shape.channels)
    return try builder.add(node, .batchNormalization(affine), [input])
  }

  private mutating func product(_ it: Operands, _ inputs: [TensorFlowGraph.Reference]) throws(GoogLeNetError)
    -> GraphValue
  {
    let (left, right) = (try it.value(0), try it.value(1))
    switch (left, right) {
    case (.activation, .dropoutMask): return try undropped(it.node, inputs[0])
    case (.dropoutMask, .activation): return try undropped(it.node, inputs[1])
    default: return try builder.combine(it.node, .multiply, left, right)
    }
  }

  /// What dropout was given: it divided by the share that it keeps before the mask was applied.
  private mutating func undropped(_ node: TensorFlowNode, _ kept: TensorFlowGraph.Reference) throws(GoogLeNetError)
    -> GraphValue
  {
    let sources = try graph.inputs(of: kept.place).compactMap { values[$0.place] }
    let images = sources.filter { if case .activation = $0 { true } else { false } }
    let factors = sources.filter { if case .constant(let it) = $0 { it.count == 1 } else { false } }
    guard ["RealDiv", "Mul"].contains(graph.node(kept.place).type), images.count == 1, factors.count == 1 else {
      throw node.unsupported("it multiplies by random numbers, but not as dropout does")
    }
    builder.dropped.append(node.name)
    return images[0]
  }

  /// Dropout as newer versions write it: the scaled image where the mask says so, else zeros.
  private mutating func selection(_ it: Operands, _ inputs: [TensorFlowGraph.Reference]) throws(GoogLeNetError)
    -> GraphValue
  {
    guard case .dropoutMask = try it.value(0), inputs.count == 3 else {
      throw it.node.unsupported("only dropout's selection is supported")
    }
    return try undropped(it.node, inputs[1])
  }

  private mutating func elementwise(_ it: Operands) throws(GoogLeNetError) -> GraphValue {
    let node = it.node
    if node.type == "Neg", case .activation(let input) = try it.value(0) {
      let factor = try GraphConstant(dims: [], count: 1, of: Float.self, file.budget) { .floats([-1]) }
      return try builder.combine(node, .multiply, .activation(input), .constant(factor))
    }
    guard case .constant(let constant) = try it.value(0) else {
      if case .dropoutMask = try it.value(0) { return .dropoutMask }
      throw node.unsupported("it can be applied to constants only")
    }
    func result(_ value: Float) -> Float {
      switch node.type {
      case "Rsqrt": Float(1 / Double(value).squareRoot())
      case "Sqrt": value.squareRoot()
      case "Square": value * value
      case "Neg": -value
      default: value.rounded(.down)
      }
    }
    return .constant(
      try GraphConstant(dims: constant.dims, count: constant.count, of: Float.self, file.budget) {
        .floats(constant.floats.map(result))
      })
  }

  // MARK: Matrices

  private mutating func matrixProduct(_ it: Operands) throws(GoogLeNetError) -> GraphActivation {
    let node = it.node
    guard !node.bool("transpose_a", false) else { throw node.unsupported("transpose_a is not supported") }
    let matrix = try it.constant(1)
    guard matrix.dims.count == 2, matrix.dims.checkedProduct != nil else {
      throw node.invalid("its weights have the dimensions \(matrix.dims): 2 above 0 are needed")
    }
    return try builder.innerProduct(
      node, try it.activation(), weights: try matrix.tensor(dims: matrix.dims, file.budget),
      isInputsFirst: !node.bool("transpose_b", false))
  }

  private mutating func concat(_ it: Operands) throws(GoogLeNetError) -> GraphActivation {
    guard it.indices.count >= 2 else { throw it.node.invalid("it has \(it.indices.count) inputs") }
    let place = it.node.type == "Concat" ? 0 : it.indices.count - 1
    let axes = try it.integers(place)
    guard axes.count == 1 else { throw it.node.invalid("its axis is \(axes)") }
    return try builder.concat(it.node, try it.activations(it.indices.filter { $0 != place }), axis: axes[0])
  }

  // MARK: Shapes

  private func view(_ it: Operands) throws(GoogLeNetError) -> GraphValue {
    let node = it.node
    switch (node.type, try it.value(0)) {
    case ("Shape", .activation(let input)):
      let sizes = input.axes.map { input.size($0) ?? builder.batch ?? -1 }
      return .constant(try GraphConstant(row: sizes, file.budget))
    case ("Shape", .constant(let input)): return .constant(try GraphConstant(row: input.dims, file.budget))
    case ("StridedSlice", .constant(let input)): return .constant(try slice(it, input))
    case ("Pack", .constant): return .constant(try pack(it))
    case ("Reshape", .activation(let input)):
      return .activation(try builder.reshaped(node, input, to: try it.integers(1)))
    case ("Reshape", .constant(let input)):
      return .constant(try GraphShape.reshaped(node, input, to: try it.integers(1)))
    case ("Squeeze", .activation(let input)):
      return .activation(try builder.squeezed(node, input, axes: node.ints("squeeze_dims") ?? []))
    case ("Squeeze", .constant(let input)):
      return .constant(try GraphShape.squeezed(node, input, axes: node.ints("squeeze_dims") ?? []))
    case ("ExpandDims", .constant(let input)):
      let axes = try it.integers(1)
      guard axes.count == 1 else { throw node.invalid("its axis is \(axes)") }
      return .constant(try GraphShape.unsqueezed(node, input, axes: axes))
    case (_, .dropoutMask): return .dropoutMask
    default: throw node.unsupported("it cannot be applied to what its input is")
    }
  }

  /// One element of a row of numbers, or a part of it.
  private func slice(_ it: Operands, _ input: GraphConstant) throws(GoogLeNetError) -> GraphConstant {
    let node = it.node
    let bounds = (begin: try it.integers(1), end: try it.integers(2), step: try it.integers(3))
    guard input.dims.count == 1, let values = input.integers, bounds.begin.count == 1, bounds.end.count == 1,
      bounds.step == [1], node.int("ellipsis_mask", 0) == 0, node.int("new_axis_mask", 0) == 0
    else { throw node.unsupported("only a part of a row of whole numbers can be taken") }
    func clamped(_ index: Int) -> Int { max(0, min(values.count, index < 0 ? index &+ values.count : index)) }
    let begin = node.int("begin_mask", 0) & 1 == 1 ? 0 : clamped(bounds.begin[0])
    if node.int("shrink_axis_mask", 0) & 1 == 1 {
      guard begin < values.count else { throw node.invalid("it takes element \(begin) of \(values.count)") }
      return try GraphConstant(dims: [], count: 1, of: Int.self, file.budget) { .integers([values[begin]]) }
    }
    let end = node.int("end_mask", 0) & 1 == 1 ? values.count : clamped(bounds.end[0])
    let part = [Int](values[begin..<max(begin, end)])
    return try GraphConstant(row: part, file.budget)
  }

  private func pack(_ it: Operands) throws(GoogLeNetError) -> GraphConstant {
    var values: [Int] = []
    for index in it.indices {
      let part = try it.integers(index)
      guard part.count == 1, try it.constant(index).dims.isEmpty else {
        throw it.node.unsupported("only single whole numbers can be packed")
      }
      values += part
    }
    return try GraphConstant(row: values, file.budget)
  }
}
