import CForeignFormats
import GoogLeNet

/// Reads TensorFlow graphs: frozen ones, and those of SavedModels.
struct TensorFlowImporter {
  private enum Value {
    case constant(GraphConstant)
    case activation(GraphActivation)
    /// Random numbers of 0 and 1, by which training multiplies what dropout keeps.
    case dropoutMask
  }

  private let file: InputFile
  private var graph: TensorFlowGraph
  private let reader: TensorFlowTensorReader
  private let variables: TensorFlowVariables?
  private let inputSize: (height: Int, width: Int)?
  private var builder: GraphBuilder
  private var values: [TensorFlowGraph.Place: Value] = [:]
  private var input: (name: String, channels: Int, size: (height: Int, width: Int)?)?
  private var notes: [String] = []

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
    inputSize = options.inputSize
    reader = TensorFlowTensorReader(file)
    builder = GraphBuilder(file, options)
  }

  /// - Parameter outputs: what could be the network's output; the one that depends on most nodes is, of those that can
  ///   be converted.
  mutating func network(outputs: [String], source: SourceFormat) throws(GoogLeNetError) -> ImportedNetwork {
    let chosen = try choose(outputs)
    for (place, inputs) in chosen.nodes { values[place] = try convert(graph.node(place), place, inputs) }
    guard case .activation(let result)? = values[chosen.output.place], let input else {
      throw file.invalid("its output '\(chosen.name)' does not depend on an image")
    }
    let layers = LayerGraph.needed(builder.layers, for: result.layer)
    guard !layers.isEmpty else { throw file.invalid("its output is its input") }
    if builder.dependsOnInputSize {
      notes.append("SAME padding is that for the input size given here, and stays so at others")
    }
    let preprocessing = TensorFlowPreprocessing.defaults(layers, inputName: input.name, &notes)
    return ImportedNetwork(
      source: source, name: "", inputName: input.name, layers: layers, inputChannels: input.channels,
      inputSize: input.size, preprocessing: preprocessing, paddingFixes: builder.paddingFixes, notes: notes)
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
    for name in outputs.prefix(64) {
      let output = try graph.resolve(name, in: 0)
      let nodes = try graph.needed(for: output)
      total += nodes.count
      guard total < 1_000_000 else { throw file.unsupported("its outputs depend on too many nodes") }
      found.append((name, output, nodes))
    }
    guard let longest = found.max(by: { $0.nodes.count < $1.nodes.count }) else {
      throw file.unsupported("it is a TensorFlow graph in which nothing is computed")
    }
    let convertible = found.filter { $0.nodes.allSatisfy { isSupported(graph.node($0.place).type) } }
    guard let best = convertible.max(by: { $0.nodes.count < $1.nodes.count }) else {
      var unknown: [String] = []
      for (place, _) in longest.nodes {
        let node = graph.node(place)
        if !isSupported(node.type) { unknown.append("\(node.type) (node '\(node.name)')") }
      }
      let further = unknown.count > 20 ? " and \(unknown.count - 20) more" : ""
      throw file.unsupported("unsupported operations: \(unknown.prefix(20).joined(separator: ", "))\(further)")
    }
    let others = outputs.filter { $0 != best.name }
    if !others.isEmpty {
      notes.append(
        "left out the outputs other than '\(best.name)' (auxiliary classifiers): "
          + others.prefix(20).map { "'\($0)'" }.joined(separator: ", "))
    }
    return best
  }

  private static let supported: Set<String> = [
    "Add", "AddV2", "AvgPool", "BatchNormWithGlobalNormalization", "BiasAdd", "BiasAddV1", "Cast", "CheckNumerics",
    "Concat", "ConcatV2", "Const", "Conv2D", "ExpandDims", "Floor", "FusedBatchNorm", "FusedBatchNormV2",
    "FusedBatchNormV3", "GreaterEqual", "Identity", "LRN", "MatMul", "MaxPool", "Mean", "Mul", "Neg", "Pack", "Pad",
    "PadV2", "Placeholder", "PlaceholderWithDefault", "PreventGradient", "RandomUniform", "ReadVariableOp", "RealDiv",
    "Relu", "Reshape", "Rsqrt", "SelectV2", "Shape", "Snapshot", "Softmax", "Sqrt", "Square", "Squeeze", "StopGradient",
    "StridedSlice", "Sub", "VarHandleOp", "Variable", "VariableV2",
  ]

  private func isSupported(_ type: String) -> Bool { TensorFlowImporter.supported.contains(type) }

  // MARK: - Values

  private func value(_ node: TensorFlowNode, _ inputs: [TensorFlowGraph.Reference], _ index: Int)
    throws(GoogLeNetError) -> Value
  {
    guard index < inputs.count else { throw node.invalid("its input \(index) is missing") }
    guard let value = values[inputs[index].place] else {
      throw node.invalid("it reads '\(node.inputs[index])', which nothing before it makes")
    }
    guard inputs[index].output == 0 else {
      throw node.unsupported("it reads '\(node.inputs[index])', which is not a first output")
    }
    return value
  }

  private func activation(_ node: TensorFlowNode, _ inputs: [TensorFlowGraph.Reference], _ index: Int = 0)
    throws(GoogLeNetError) -> GraphActivation
  {
    guard case .activation(let activation) = try value(node, inputs, index) else {
      throw node.unsupported("its input \(index) ('\(node.inputs[index])') does not depend on the image")
    }
    return activation
  }

  private func constant(_ node: TensorFlowNode, _ inputs: [TensorFlowGraph.Reference], _ index: Int)
    throws(GoogLeNetError) -> GraphConstant
  {
    guard case .constant(let constant) = try value(node, inputs, index) else {
      throw node.unsupported("its input \(index) ('\(node.inputs[index])') must be a constant")
    }
    return constant
  }

  private func integers(_ node: TensorFlowNode, _ inputs: [TensorFlowGraph.Reference], _ index: Int)
    throws(GoogLeNetError) -> [Int]
  {
    guard let integers = try constant(node, inputs, index).integers else {
      throw node.unsupported("its input \(index) ('\(node.inputs[index])') must be whole numbers")
    }
    return integers
  }

  private func tensor(_ node: TensorFlowNode, _ constant: GraphConstant, rank: Int) throws(GoogLeNetError) -> Tensor {
    guard constant.dims.count == rank, constant.dims.checkedProduct != nil else {
      throw node.invalid("its weights have the dimensions \(constant.dims): \(rank) of them are needed")
    }
    return try constant.tensor(dims: constant.dims, file.budget)
  }

  private func vector(_ node: TensorFlowNode, _ constant: GraphConstant, count: Int) throws(GoogLeNetError) -> Tensor {
    guard constant.count == count else {
      throw node.invalid("its constant has \(constant.count) values instead of \(count)")
    }
    return try constant.tensor(dims: [count], file.budget)
  }

  // MARK: - Nodes

  private mutating func convert(
    _ node: TensorFlowNode, _ place: TensorFlowGraph.Place, _ inputs: [TensorFlowGraph.Reference]
  ) throws(GoogLeNetError) -> Value {
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
      return try value(node, inputs, 0)
    case "Cast": return try cast(node, inputs)
    case "Relu": return .activation(try builder.add(node, .relu, [try activation(node, inputs)]))
    case "Softmax": return .activation(try builder.softmax(node, try activation(node, inputs)))
    case "Conv2D": return .activation(try convolution(node, inputs))
    case "MaxPool", "AvgPool": return .activation(try pooling(node, inputs))
    case "LRN": return .activation(try normalization(node, inputs))
    case "FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3", "BatchNormWithGlobalNormalization":
      return .activation(try batchNormalization(node, inputs))
    case "BiasAdd", "BiasAddV1": return .activation(try biasAddition(node, inputs))
    case "Add", "AddV2", "Sub", "Mul", "RealDiv": return try arithmetic(node, place, inputs)
    case "Rsqrt", "Sqrt", "Square", "Neg", "Floor": return try elementwise(node, inputs)
    case "RandomUniform": return .dropoutMask
    case "GreaterEqual":
      guard case .dropoutMask = try value(node, inputs, 0) else { throw node.unsupported("it compares an image") }
      return .dropoutMask
    case "SelectV2": return try selection(node, inputs)
    case "Concat", "ConcatV2": return try concat(node, inputs)
    case "MatMul": return .activation(try matrixProduct(node, inputs))
    case "Mean":
      return .activation(
        try builder.mean(
          node, try activation(node, inputs), axes: try integers(node, inputs, 1),
          keepsAxes: node.bool("keep_dims", false)))
    case "Pad", "PadV2":
      if inputs.count > 2, try constant(node, inputs, 2).floats.contains(where: { $0 != 0 }) {
        throw node.unsupported("it pads with other values than zeros")
      }
      return .activation(
        try builder.padded(node, try activation(node, inputs), try integers(node, inputs, 1)))
    case "Shape", "StridedSlice", "Pack", "Reshape", "Squeeze", "ExpandDims": return try view(node, inputs)
    default: throw node.unsupported("the operation is not supported")
    }
  }

  private mutating func placeholder(_ node: TensorFlowNode) throws(GoogLeNetError) -> GraphActivation {
    guard input == nil else {
      throw node.unsupported("it is an input beside '\(input?.name ?? "")': one image is what a GoogLeNet reads")
    }
    guard let type = node.elementType("dtype"), let format = TensorFlowTensorReader.formats[type], format != .bool
    else {
      throw node.unsupported("its element type is \(node.elementType("dtype") ?? 0): float32 is what an image has")
    }
    let (value, declared) = try builder.input(node, name: node.name, dims: node.shape("shape"), size: inputSize)
    input = (node.name, value.shape.channels, declared)
    return value
  }

  /// Between numbers of an image nothing is lost where they become floating-point; all of those are float32 here.
  private mutating func cast(_ node: TensorFlowNode, _ inputs: [TensorFlowGraph.Reference]) throws(GoogLeNetError)
    -> Value
  {
    let format = node.elementType("DstT").flatMap { TensorFlowTensorReader.formats[$0] }
    let isFloating = [.float16, .bfloat16, .float32, .float64].contains(format)
    switch try value(node, inputs, 0) {
    case .constant(let constant):
      guard isFloating || constant.integers != nil else {
        throw node.unsupported("it casts a constant to whole numbers")
      }
      guard isFloating else { return .constant(constant) }
      return .constant(
        try GraphConstant(dims: constant.dims, count: constant.count, of: Float.self, file.budget) {
          .floats(constant.floats)
        })
    case .activation where !isFloating: throw node.unsupported("it casts an image to a type that is not floating-point")
    case let value: return value
    }
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

  private func border(_ node: TensorFlowNode, _ places: [Int]) throws(GoogLeNetError) -> GraphWindow.Border {
    switch node.string("padding") {
    case "SAME": return .same
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

  private mutating func convolution(_ node: TensorFlowNode, _ inputs: [TensorFlowGraph.Reference])
    throws(GoogLeNetError) -> GraphActivation
  {
    let input = try activation(node, inputs)
    let weights = try constant(node, inputs, 1)
    guard weights.dims.count == 4 else {
      throw node.invalid("its weights have \(weights.dims.count) dimensions instead of 4")
    }
    guard weights.dims.checkedProduct != nil else {
      throw node.invalid("its weights have the dimensions \(weights.dims): all must be above 0")
    }
    let places = try format(node, input)
    let window = GraphWindow(
      kernel: [weights.dims[0], weights.dims[1]], strides: try pair(node, "strides", places),
      dilations: try pair(node, "dilations", places, fallback: [1, 1, 1, 1]), border: try border(node, places))
    // (height, width, inputs, outputs) in the file.
    return try builder.convolution(
      node, input, weights: try weights.tensor(order: [3, 2, 0, 1], file.budget), window)
  }

  private mutating func pooling(_ node: TensorFlowNode, _ inputs: [TensorFlowGraph.Reference])
    throws(GoogLeNetError) -> GraphActivation
  {
    let input = try activation(node, inputs)
    let places = try format(node, input)
    let window = GraphWindow(
      kernel: try pair(node, "ksize", places), strides: try pair(node, "strides", places),
      border: try border(node, places))
    return try builder.pooling(node, node.type == "MaxPool" ? .max : .average, input, window)
  }

  // MARK: Normalization and arithmetic

  private mutating func normalization(_ node: TensorFlowNode, _ inputs: [TensorFlowGraph.Reference])
    throws(GoogLeNetError) -> GraphActivation
  {
    let input = try activation(node, inputs)
    let radius = node.int("depth_radius", 5)
    guard 0...65536 ~= radius, input.axes.last == .channel else {
      throw node.unsupported("its depth_radius is \(radius), and its input's last axis must be the channels")
    }
    return try builder.add(
      node,
      .localResponseNormalization(
        LocalResponseNormalization(
          size: 2 * radius + 1, alpha: node.float("alpha", 1), beta: node.float("beta", 0.5),
          k: node.float("bias", 1), alphaPerElement: true)), [input])
  }

  private mutating func batchNormalization(_ node: TensorFlowNode, _ inputs: [TensorFlowGraph.Reference])
    throws(GoogLeNetError) -> GraphActivation
  {
    let input = try activation(node, inputs)
    let channels = input.shape.channels
    var normalization = BatchNormalization()
    func read(_ index: Int) throws(GoogLeNetError) -> Tensor {
      try vector(node, try constant(node, inputs, index), count: channels)
    }
    if node.type == "BatchNormWithGlobalNormalization" {
      normalization.mean = try read(1)
      normalization.variance = try read(2)
      normalization.shift = try read(3)
      if node.bool("scale_after_normalization", false) { normalization.scale = try read(4) }
      normalization.epsilon = node.float("variance_epsilon", 0)
    } else {
      guard !node.bool("is_training", true) else {
        throw node.unsupported("it normalizes by the statistics of its input (is_training): export it for inference")
      }
      _ = try format(node, input)
      normalization.scale = try read(1)
      normalization.shift = try read(2)
      normalization.mean = try read(3)
      normalization.variance = try read(4)
      normalization.epsilon = node.float("epsilon", 1e-4)
    }
    return try builder.add(node, .batchNormalization(normalization), [input])
  }

  private mutating func biasAddition(_ node: TensorFlowNode, _ inputs: [TensorFlowGraph.Reference])
    throws(GoogLeNetError) -> GraphActivation
  {
    let input = try activation(node, inputs)
    if input.axes.count == 4 { _ = try format(node, input) }
    guard input.axes.count == 4 || input.isVector, input.axes.contains(.channel) || input.isPixel else {
      throw node.unsupported("its input has no axis of channels")
    }
    var affine = BatchNormalization()
    affine.shift = try vector(node, try constant(node, inputs, 1), count: input.shape.channels)
    return try builder.add(node, .batchNormalization(affine), [input])
  }

  private mutating func arithmetic(
    _ node: TensorFlowNode, _ place: TensorFlowGraph.Place, _ inputs: [TensorFlowGraph.Reference]
  ) throws(GoogLeNetError) -> Value {
    let operation: GraphArithmetic =
      switch node.type {
      case "Add", "AddV2": .add
      case "Sub": .subtract
      case "Mul": .multiply
      default: .divide
      }
    switch (try value(node, inputs, 0), try value(node, inputs, 1)) {
    case (.constant(let left), .constant(let right)):
      return .constant(try operation.folded(left, right, node))
    case (.activation(let left), .constant(let right)): return try affine(node, operation, left, right, false)
    case (.constant(let left), .activation(let right)): return try affine(node, operation, right, left, true)
    case (.dropoutMask, .constant), (.constant, .dropoutMask): return .dropoutMask
    case (.activation, .dropoutMask) where operation == .multiply: return try undropped(node, inputs[0], inputs)
    case (.dropoutMask, .activation) where operation == .multiply: return try undropped(node, inputs[1], inputs)
    default: throw node.unsupported("only an image and a constant can be combined")
    }
  }

  private mutating func affine(
    _ node: TensorFlowNode, _ operation: GraphArithmetic, _ input: GraphActivation, _ constant: GraphConstant,
    _ isReversed: Bool
  ) throws(GoogLeNetError) -> Value {
    .activation(
      try builder.add(
        node, .batchNormalization(try operation.affine(input, constant, isReversed: isReversed, node)), [input]))
  }

  /// What dropout was given: it divided by the share that it keeps before the mask was applied.
  private mutating func undropped(
    _ node: TensorFlowNode, _ kept: TensorFlowGraph.Reference, _ inputs: [TensorFlowGraph.Reference]
  ) throws(GoogLeNetError) -> Value {
    let sources = try graph.inputs(of: kept.place).compactMap { values[$0.place] }
    let images = sources.filter { if case .activation = $0 { true } else { false } }
    let factors = sources.filter { if case .constant(let it) = $0 { it.count == 1 } else { false } }
    guard ["RealDiv", "Mul"].contains(graph.node(kept.place).type), images.count == 1, factors.count == 1 else {
      throw node.unsupported("it multiplies by random numbers, but not as dropout does")
    }
    notes.append("left out dropout, which does nothing at inference: \(node.name)")
    return images[0]
  }

  /// Dropout as newer versions write it: the scaled image where the mask says so, else zeros.
  private mutating func selection(_ node: TensorFlowNode, _ inputs: [TensorFlowGraph.Reference])
    throws(GoogLeNetError) -> Value
  {
    guard case .dropoutMask = try value(node, inputs, 0), inputs.count == 3 else {
      throw node.unsupported("only dropout's selection is supported")
    }
    return try undropped(node, inputs[1], inputs)
  }

  private mutating func elementwise(_ node: TensorFlowNode, _ inputs: [TensorFlowGraph.Reference])
    throws(GoogLeNetError) -> Value
  {
    switch try value(node, inputs, 0) {
    case .dropoutMask: return .dropoutMask
    case .activation: throw node.unsupported("it can be applied to constants only")
    case .constant(let constant):
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
  }

  // MARK: Matrices

  private mutating func matrixProduct(_ node: TensorFlowNode, _ inputs: [TensorFlowGraph.Reference])
    throws(GoogLeNetError) -> GraphActivation
  {
    let input = try activation(node, inputs)
    guard !node.bool("transpose_a", false) else { throw node.unsupported("transpose_a is not supported") }
    let matrix = try constant(node, inputs, 1)
    var weights = try tensor(node, matrix, rank: 2)
    if !node.bool("transpose_b", false) { weights = try weights.transposed(file.budget) }
    return try builder.innerProduct(node, input, weights: weights)
  }

  private mutating func concat(_ node: TensorFlowNode, _ inputs: [TensorFlowGraph.Reference]) throws(GoogLeNetError)
    -> Value
  {
    guard inputs.count >= 2 else { throw node.invalid("it has \(inputs.count) inputs") }
    let place = node.type == "Concat" ? 0 : inputs.count - 1
    let axes = try integers(node, inputs, place)
    guard axes.count == 1 else { throw node.invalid("its axis is \(axes)") }
    var parts: [GraphActivation] = []
    for index in inputs.indices where index != place { parts.append(try activation(node, inputs, index)) }
    return .activation(try builder.concat(node, parts, axis: axes[0]))
  }

  // MARK: Shapes

  private mutating func view(_ node: TensorFlowNode, _ inputs: [TensorFlowGraph.Reference]) throws(GoogLeNetError)
    -> Value
  {
    switch (node.type, try value(node, inputs, 0)) {
    case ("Shape", .activation(let input)):
      let sizes = input.axes.map { input.size($0) ?? builder.batch ?? -1 }
      return .constant(try GraphConstant(row: sizes, file.budget))
    case ("Shape", .constant(let input)):
      return .constant(try GraphConstant(row: input.dims, file.budget))
    case ("StridedSlice", .constant(let input)): return .constant(try slice(node, input, inputs))
    case ("Pack", .constant): return .constant(try pack(node, inputs))
    case ("Reshape", .activation(let input)):
      return .activation(try builder.reshaped(node, input, to: try integers(node, inputs, 1)))
    case ("Reshape", .constant(let input)):
      return .constant(try GraphShape.reshaped(node, input, to: try integers(node, inputs, 1)))
    case ("Squeeze", .activation(let input)):
      return .activation(try builder.squeezed(node, input, axes: node.ints("squeeze_dims") ?? []))
    case ("Squeeze", .constant(let input)):
      return .constant(try GraphShape.squeezed(node, input, axes: node.ints("squeeze_dims") ?? []))
    case ("ExpandDims", .constant(let input)):
      let axes = try integers(node, inputs, 1)
      let place = axes.first.map { $0 < 0 ? $0 &+ input.dims.count &+ 1 : $0 } ?? -1
      guard axes.count == 1, 0...input.dims.count ~= place else { throw node.invalid("its axis is \(axes)") }
      var result = input
      result.dims.insert(1, at: place)
      return .constant(try GraphShape.checked(node, result))
    case (_, .dropoutMask): return .dropoutMask
    default: throw node.unsupported("it cannot be applied to what its input is")
    }
  }

  /// One element of a row of numbers, or a part of it.
  private func slice(_ node: TensorFlowNode, _ input: GraphConstant, _ inputs: [TensorFlowGraph.Reference])
    throws(GoogLeNetError) -> GraphConstant
  {
    let bounds = (
      begin: try integers(node, inputs, 1), end: try integers(node, inputs, 2), step: try integers(node, inputs, 3)
    )
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

  private func pack(_ node: TensorFlowNode, _ inputs: [TensorFlowGraph.Reference]) throws(GoogLeNetError)
    -> GraphConstant
  {
    var values: [Int] = []
    for index in inputs.indices {
      let part = try integers(node, inputs, index)
      guard part.count == 1, try constant(node, inputs, index).dims.isEmpty else {
        throw node.unsupported("only single whole numbers can be packed")
      }
      values += part
    }
    return try GraphConstant(row: values, file.budget)
  }
}
