import CForeignFormats
import GoogLeNet

/// Reads ONNX models of opsets 7 to 22.
struct ONNXImporter {
  private enum Value {
    case constant(ONNXConstant)
    case activation(ONNXActivation)
    case inputChannel(ONNXInputChannel)
  }

  private let file: InputFile
  private let reader: ONNXTensorReader
  private var opset = 0
  private var values: [String: Value] = [:]
  private var layers: [Layer] = []
  private var shapes: ImportedShapes
  /// Layers whose output cannot be negative.
  private var nonNegativeLayers: Set<String> = []
  /// For each layer how its output is stored, where the file tells.
  private var quantizations: [String: ActivationQuantization] = [:]
  /// For each layer the ReLU that stands for the clamping of its QuantizeLinear, where one was needed.
  private var clampedLayers: [String: ONNXActivation] = [:]
  private var batch: Int?
  private var inputName = ""
  private var notes: [String] = []

  static func network(of file: InputFile, options: ConversionOptions) throws(GoogLeNetError)
    -> ImportedNetwork
  {
    let model = try ForeignMessage(file, what: "an ONNX ModelProto", unpack: onnx__model__unpack)
    return try withExtendedLifetime(model) { () throws(GoogLeNetError) in
      var importer = ONNXImporter(file, options)
      return try importer.network(model.message.pointee, options)
    }
  }

  private init(_ file: InputFile, _ options: ConversionOptions) {
    self.file = file
    reader = ONNXTensorReader(file)
    shapes = ImportedShapes(file.name, options)
  }

  private mutating func network(_ model: Onnx__Model, _ options: ConversionOptions)
    throws(GoogLeNetError) -> ImportedNetwork
  {
    try readOpset(model)
    guard let graph = model.graph?.pointee else { throw file.invalid("it is an ONNX model without a graph") }
    let nodes = UnsafeBufferPointer(start: graph.node, count: graph.n_node).compactMap {
      $0.map { ONNXNode($0.pointee, file) }
    }
    let (needed, output) = try neededNodes(nodes, graph)
    let unknown = needed.filter { !ONNXImporter.supported.contains(nodes[$0].type) }
    guard unknown.isEmpty else {
      throw file.unsupported(
        "unsupported operators: "
          + unknown.map { "\(nodes[$0].type) (node '\(nodes[$0].name)')" }.joined(separator: ", "))
    }
    var used: Set<String> = []
    for index in needed { used.formUnion(nodes[index].inputs) }
    for tensor in UnsafeBufferPointer(start: graph.initializer, count: graph.n_initializer) {
      guard let tensor = tensor?.pointee else { continue }
      let name = text(tensor.name)
      if used.contains(name) { values[name] = .constant(try reader.constant(tensor, name: name)) }
    }
    let input = try readInput(graph, used, options.inputSize)
    inputName = input.name
    for index in needed { try convert(nodes[index]) }
    guard case .activation(let result)? = values[output] else {
      throw file.invalid("its output '\(output)' is a constant or one channel of its input")
    }
    guard layers.contains(where: { $0.name == result.layer }) else { throw file.invalid("its output is its input") }
    // What a view of the output's layer leaves behind it is not the output.
    layers = LayerGraph.needed(layers, for: result.layer)
    let told = ONNXMetadata(model)
    let metadata = told?.channelOrder.channels == input.shape.channels ? told : nil
    return ImportedNetwork(
      source: .onnx(opset: opset), name: text(graph.name), inputName: input.name, layers: layers,
      inputChannels: input.shape.channels, inputSize: input.declaredSize,
      preprocessing: metadata?.preprocessing
        ?? preprocessing(input.name, isTorchvision: ONNXImporter.namesTorchvision(nodes, graph)),
      labels: metadata?.labels ?? [],
      quantizations: quantizations, paddingFixes: shapes.fixes, notes: notes)
  }

  private mutating func readOpset(_ model: Onnx__Model) throws(GoogLeNetError) {
    for entry in UnsafeBufferPointer(start: model.opset_import, count: model.n_opset_import) {
      guard let entry = entry?.pointee else { continue }
      let domain = text(entry.domain)
      guard domain.isEmpty || domain == "ai.onnx" else { continue }
      guard 7...22 ~= entry.version else {
        throw file.unsupported("it uses ONNX opset \(entry.version): 7 to 22 are supported")
      }
      opset = Int(entry.version)
    }
    guard opset > 0 else { throw file.invalid("it is an ONNX model that does not say its opset") }
  }

  /// Where nothing in the file tells how its input was normalized, the layers tell where its training came from.
  /// - Parameter isTorchvision: whether its modules are called as torchvision's.
  private func preprocessing(_ inputName: String, isTorchvision: Bool) -> PreprocessingDefaults {
    let first = layers.first { $0.inputs.contains(inputName) }
    if let first, case .batchNormalization(let affine) = first.operation {
      if ONNXImporter.isTransformInput(affine) {
        var result = PreprocessingDefaults.torchvision
        result.reason = "torchvision's convention, for the network begins with torchvision's transform_input"
        result.resizeRule = .torchvision
        return result
      }
      return .plain(
        .rgb, reason: "the network normalizes its input itself, but does not tell its channel order: a guess")
    }
    let hasNormalization = layers.contains {
      if case .localResponseNormalization = $0.operation { return true }
      return false
    }
    var result = hasNormalization ? PreprocessingDefaults.caffe : .torchvision
    result.reason =
      hasNormalization
      ? "Caffe's convention, for the network has LRN layers; the file does not tell"
      : "torchvision's convention, for the network has no LRN layers; the file does not tell"
    let hasWideKernel = layers.contains {
      if case .convolution(let it) = $0.operation { return it.kernelHeight == 5 }
      return false
    }
    if isTorchvision && !hasNormalization && !hasWideKernel { result.resizeRule = .torchvision }
    return result
  }

  /// Whether PyTorch's exporters gave the nodes or parameters the names of torchvision's modules.
  private static func namesTorchvision(_ nodes: [ONNXNode], _ graph: Onnx__Graph) -> Bool {
    nodes.contains { $0.name.contains("inception3a/branch1/conv/") }
      || UnsafeBufferPointer(start: graph.initializer, count: graph.n_initializer).contains {
        $0.map { text($0.pointee.name).contains("inception3a.branch1.conv.") } ?? false
      }
  }

  private static func isTransformInput(_ affine: BatchNormalization) -> Bool {
    func agrees(_ found: Tensor?, _ wanted: [Float]) -> Bool {
      guard let values = found?.floats(), values.count == wanted.count else { return false }
      return zip(values, wanted).allSatisfy { abs($0 - $1) < 1e-5 }
    }
    let known = PreprocessingDefaults.transformInput
    return affine.mean == nil && agrees(affine.scale, known.scale) && agrees(affine.shift, known.shift)
  }

  // MARK: - Graph

  private static let supported: Set<String> = [
    "Add", "AveragePool", "BatchNormalization", "Cast", "Concat", "Constant", "Conv", "DequantizeLinear", "Div",
    "Dropout", "Flatten", "Gather", "Gemm", "GlobalAveragePool", "GlobalMaxPool", "Identity", "LRN", "MatMul",
    "MaxPool",
    "Mul", "QuantizeLinear", "ReduceMean", "Relu", "Reshape", "Softmax", "Squeeze", "Sub", "Transpose", "Unsqueeze",
  ]

  /// The nodes on which the output depends, in order. Of several outputs it is the one on which most nodes work: the
  /// main head, not an auxiliary one.
  private mutating func neededNodes(_ nodes: [ONNXNode], _ graph: Onnx__Graph) throws(GoogLeNetError)
    -> (nodes: [Int], output: String)
  {
    var producers: [String: Int] = [:]
    for (index, node) in nodes.enumerated() {
      for output in node.outputs where !output.isEmpty {
        guard producers.updateValue(index, forKey: output) == nil else {
          throw file.invalid("two nodes make the value '\(output)'")
        }
      }
    }
    let outputs = UnsafeBufferPointer(start: graph.output, count: graph.n_output).compactMap {
      $0.map { text($0.pointee.name) }
    }
    var best: (nodes: Set<Int>, output: String) = ([], "")
    for output in outputs.prefix(64) {
      guard let producer = producers[output] else { continue }
      var found: Set<Int> = [producer]
      var pending = [producer]
      while let index = pending.popLast() {
        for input in nodes[index].inputs {
          if let maker = producers[input], found.insert(maker).inserted { pending.append(maker) }
        }
      }
      if found.count > best.nodes.count { best = (found, output) }
    }
    guard !best.nodes.isEmpty else { throw file.invalid("no node makes any of its outputs") }
    let others = outputs.filter { $0 != best.output }
    if !others.isEmpty {
      notes.append(
        "left out the outputs other than '\(best.output)': " + others.map { "'\($0)'" }.joined(separator: ", "))
    }
    let left = nodes.indices.filter { !best.nodes.contains($0) && nodes[$0].type != "Constant" }
    if !left.isEmpty {
      notes.append(
        "left out, for the output does not depend on them (auxiliary classifiers): "
          + left.map { nodes[$0].name }.joined(separator: ", "))
    }
    return (best.nodes.sorted(), best.output)
  }

  private struct Input {
    let name: String
    let shape: Shape
    /// nil where the file leaves it open.
    let declaredSize: (height: Int, width: Int)?
  }

  private mutating func readInput(_ graph: Onnx__Graph, _ used: Set<String>, _ size: (height: Int, width: Int)?)
    throws(GoogLeNetError) -> Input
  {
    var found: [Onnx__ValueInfo] = []
    for input in UnsafeBufferPointer(start: graph.input, count: graph.n_input) {
      guard let input = input?.pointee else { continue }
      let name = text(input.name)
      if values[name] == nil, used.contains(name) { found.append(input) }
    }
    guard found.count == 1 else {
      throw file.unsupported(
        "it has \(found.count) inputs (\(found.map { "'\(text($0.name))'" }.joined(separator: ", "))): one image is what a GoogLeNet reads"
      )
    }
    let name = text(found[0].name)
    let type = found[0].type?.pointee.tensor_type?.pointee
    guard [0, 1, 10, 11].contains(type?.elem_type ?? 0) else {
      throw file.unsupported("its input '\(name)' has element type \(type?.elem_type ?? 0): float32 is supported")
    }
    var dims: [Int?] = [nil, 3, nil, nil]
    if let shape = type?.shape?.pointee {
      dims = UnsafeBufferPointer(start: shape.dim, count: shape.n_dim).map { dim in
        guard let dim = dim?.pointee, dim.has_dim_value != 0, dim.dim_value > 0 else { return nil }
        return Int(dim.dim_value)
      }
      guard dims.count == 4 else {
        throw file.unsupported("its input '\(name)' has \(dims.count) dimensions: images have 4 (N, C, H, W)")
      }
    }
    batch = dims[0]
    let isChannelsLast = [1, 3].contains(dims[3] ?? 0) && ![1, 3].contains(dims[1] ?? 0)
    let axes: [ONNXActivation.Axis] = isChannelsLast ? [.batch, .height, .width, .channel] : ONNXActivation.image
    let channels = dims[isChannelsLast ? 3 : 1] ?? 3
    let height = dims[isChannelsLast ? 1 : 2], width = dims[isChannelsLast ? 2 : 3]
    var declared: (height: Int, width: Int)?
    if let height, let width { declared = (height, width) }
    let limit = 1...65536
    guard limit ~= channels, limit ~= (height ?? 1), limit ~= (width ?? 1) else {
      throw file.unsupported("its input '\(name)' has a dimension beyond 65,536")
    }
    let chosen = size ?? declared ?? (height ?? 224, width ?? 224)
    let shape = Shape(channels: channels, height: chosen.height, width: chosen.width)
    guard limit ~= shape.height, limit ~= shape.width else {
      throw GoogLeNetError(.invalidArgument, "'\(file.name)': an input of \(shape.height) x \(shape.width)")
    }
    shapes[name] = shape
    values[name] = .activation(ONNXActivation(layer: name, shape: shape, axes: axes))
    return Input(name: name, shape: shape, declaredSize: declared)
  }

  // MARK: - Values

  private func value(_ node: ONNXNode, _ index: Int) throws(GoogLeNetError) -> Value {
    guard let value = try optional(node, index) else { throw node.invalid("its input \(index) is missing") }
    return value
  }

  private func optional(_ node: ONNXNode, _ index: Int) throws(GoogLeNetError) -> Value? {
    guard index < node.inputs.count, !node.inputs[index].isEmpty else { return nil }
    guard let value = values[node.inputs[index]] else {
      throw node.invalid("it reads '\(node.inputs[index])', which nothing before it makes")
    }
    return value
  }

  private func constant(_ node: ONNXNode, _ index: Int) throws(GoogLeNetError) -> ONNXConstant? {
    switch try optional(node, index) {
    case nil: return nil
    case .constant(let constant): return constant
    case .activation, .inputChannel:
      throw node.unsupported("its input \(index) ('\(node.inputs[index])') must be a constant")
    }
  }

  private func activation(_ node: ONNXNode, _ index: Int = 0) throws(GoogLeNetError) -> ONNXActivation {
    switch try value(node, index) {
    case .activation(let activation):
      guard activation.quantization == nil else {
        throw node.unsupported(
          "its input \(index) ('\(node.inputs[index])') is quantized: only DequantizeLinear may read that (the QDQ form)"
        )
      }
      return activation
    case .constant: throw node.unsupported("its input \(index) ('\(node.inputs[index])') is a constant")
    case .inputChannel:
      throw node.unsupported("its input \(index) ('\(node.inputs[index])') is one channel of the network's input")
    }
  }

  /// An input with the axes (N, C, H, W).
  private func image(_ node: ONNXNode) throws(GoogLeNetError) -> ONNXActivation {
    let input = try activation(node)
    guard input.axes == ONNXActivation.image else {
      throw node.unsupported("its input '\(node.inputs[0])' does not have the axes (N, C, H, W)")
    }
    return input
  }

  private mutating func add(
    _ node: ONNXNode, _ operation: Operation, _ inputs: [ONNXActivation], axes: [ONNXActivation.Axis]? = nil
  ) throws(GoogLeNetError) {
    guard let name = node.outputs.first, !name.isEmpty else { throw node.invalid("its output has no name") }
    let layer = Layer(name: name, inputs: inputs.map(\.layer), operation: operation)
    let shape = try shapes.append(layer, to: &layers)
    let known = inputs.map { nonNegativeLayers.contains($0.layer) }
    if ActivationEncoding.isNonNegative(operation, Array(inputs.indices), known) { nonNegativeLayers.insert(name) }
    let result = ONNXActivation(layer: name, shape: shape, axes: axes ?? inputs[0].axes)
    values[name] = .activation(result)
  }

  /// The node's output is its input, seen in another way at most.
  private mutating func alias(_ node: ONNXNode, _ value: Value) throws(GoogLeNetError) {
    guard let name = node.outputs.first, !name.isEmpty else { throw node.invalid("its output has no name") }
    values[name] = value
  }

  private func refuseFurtherOutputs(_ node: ONNXNode) throws(GoogLeNetError) {
    guard node.outputs.dropFirst().allSatisfy(\.isEmpty) else {
      throw node.unsupported("its outputs beside the first are not supported")
    }
  }

  // MARK: - Nodes

  private mutating func convert(_ node: ONNXNode) throws(GoogLeNetError) {
    switch node.type {
    case "Constant": try alias(node, .constant(try constantNode(node)))
    case "Identity": try alias(node, try value(node, 0))
    case "Cast": try cast(node)
    case "Dropout": try dropout(node)
    case "Relu": try add(node, .relu, [try activation(node)])
    case "Conv": try convolution(node)
    case "MaxPool", "AveragePool": try pooling(node)
    case "GlobalAveragePool", "GlobalMaxPool":
      var pooling = Pooling(node.type == "GlobalMaxPool" ? .max : .average)
      pooling.global = true
      try add(node, .pooling(pooling), [try image(node)])
    case "ReduceMean": try reduceMean(node)
    case "LRN":
      try add(
        node,
        .localResponseNormalization(
          LocalResponseNormalization(
            size: node.int("size", 0), alpha: node.float("alpha", 1e-4), beta: node.float("beta", 0.75),
            k: node.float("bias", 1), alphaPerElement: false)), [try image(node)])
    case "BatchNormalization": try batchNormalization(node)
    case "Gather": try gather(node)
    case "Concat": try concat(node)
    case "Gemm": try gemm(node)
    case "MatMul": try matrixProduct(node)
    case "Add", "Sub", "Mul", "Div": try arithmetic(node)
    case "Flatten", "Reshape", "Squeeze", "Unsqueeze", "Transpose": try view(node)
    case "Softmax": try softmax(node)
    case "QuantizeLinear": try quantizeLinear(node)
    case "DequantizeLinear": try dequantizeLinear(node)
    default: throw node.unsupported("the operator is not supported")
    }
  }

  private func constantNode(_ node: ONNXNode) throws(GoogLeNetError) -> ONNXConstant {
    if let tensor = node.tensor("value") { return try reader.constant(tensor, name: node.name) }
    func floats(_ dims: [Int], _ values: [Float]) throws(GoogLeNetError) -> ONNXConstant {
      try ONNXConstant(dims: dims, count: values.count, of: Float.self, file.budget) { .floats(values) }
    }
    func integers(_ dims: [Int], _ values: [Int]) throws(GoogLeNetError) -> ONNXConstant {
      try ONNXConstant(dims: dims, count: values.count, of: Int.self, file.budget) { .integers(values) }
    }
    if node.has("value_float") { return try floats([], [node.float("value_float", 0)]) }
    if node.has("value_int") { return try integers([], [node.int("value_int", 0)]) }
    if let values = node.floats("value_floats") { return try floats([values.count], values) }
    if let values = node.ints("value_ints") { return try integers([values.count], values) }
    throw node.unsupported("it holds neither a tensor nor numbers")
  }

  /// Between floating-point types everything is float32 here.
  private mutating func cast(_ node: ONNXNode) throws(GoogLeNetError) {
    let floating = [1, 10, 11, 16].contains(node.int("to", 0))
    switch try value(node, 0) {
    case .inputChannel: throw node.unsupported("it casts one channel of the input")
    case .activation(let activation):
      guard floating else { throw node.unsupported("it casts an image to a type that is not floating-point") }
      try alias(node, .activation(activation))
    case .constant(let constant):
      guard floating || constant.isWhole else { throw node.unsupported("it casts a constant to whole numbers") }
      try alias(node, .constant(floating ? try constant.floating(file.budget) : constant))
    }
  }

  private mutating func dropout(_ node: ONNXNode) throws(GoogLeNetError) {
    if let training = try constant(node, 2), training.integers?.first ?? 0 != 0 {
      throw node.unsupported("it drops values even at inference (training_mode)")
    }
    notes.append("left out dropout, which does nothing at inference: \(node.name)")
    try alias(node, .activation(try activation(node)))
  }

  // MARK: Windows

  /// Two numbers of an attribute, for height and width.
  private func pair(_ node: ONNXNode, _ name: String, _ fallback: [Int]) throws(GoogLeNetError) -> [Int] {
    let values = node.ints(name) ?? fallback
    guard values.count == 2, values.allSatisfy({ 1...65536 ~= $0 }) else {
      throw node.invalid("\(name) is \(values): two numbers above 0, for height and width, are needed")
    }
    return values
  }

  /// Padding from `pads` or `auto_pad`. The latter follows from the input's size.
  private mutating func padding(
    _ node: ONNXNode, _ input: Shape, kernel: [Int], strides: [Int], dilations: [Int]
  ) throws(GoogLeNetError) -> Padding {
    let mode = node.string("auto_pad") ?? "NOTSET"
    switch mode {
    case "NOTSET", "":
      let pads = node.ints("pads") ?? [0, 0, 0, 0]
      guard pads.count == 4, pads.allSatisfy({ 0...65536 ~= $0 }) else {
        throw node.invalid("pads is \(pads): four numbers of at least 0 are needed (top, left, bottom, right)")
      }
      return Padding(top: pads[0], left: pads[1], bottom: pads[2], right: pads[3])
    case "VALID": return Padding()
    case "SAME_UPPER", "SAME_LOWER":
      if strides != [1, 1] {
        notes.append(
          "the padding of '\(node.name)' (auto_pad \(mode)) is that for the input size given here and stays so at others"
        )
      }
      return Padding.same(
        input, kernel: kernel, strides: strides, dilations: dilations, extraFirst: mode == "SAME_LOWER")
    default: throw node.invalid("auto_pad is '\(mode)'")
    }
  }

  private mutating func convolution(_ node: ONNXNode) throws(GoogLeNetError) {
    let input = try image(node)
    guard let weights = try constant(node, 1) else { throw node.invalid("it has no weights") }
    guard weights.dims.count == 4 else {
      throw node.unsupported(
        "its weights have \(weights.dims.count) dimensions: only two-dimensional convolution is supported")
    }
    let kernel = try pair(node, "kernel_shape", [weights.dims[2], weights.dims[3]])
    guard kernel == [weights.dims[2], weights.dims[3]] else {
      throw node.invalid("kernel_shape is \(kernel), but its weights are \(weights.dims)")
    }
    let strides = try pair(node, "strides", [1, 1])
    let dilations = try pair(node, "dilations", [1, 1])
    var convolution = Convolution(weights: try tensor(node, weights))
    if let bias = try constant(node, 2) { convolution.bias = try vector(node, bias, "bias", count: weights.dims[0]) }
    convolution.strideHeight = strides[0]
    convolution.strideWidth = strides[1]
    convolution.dilationHeight = dilations[0]
    convolution.dilationWidth = dilations[1]
    convolution.padding = try padding(node, input.shape, kernel: kernel, strides: strides, dilations: dilations)
    convolution.groups = node.int("group", 1)
    try add(node, .convolution(convolution), [input])
  }

  private mutating func pooling(_ node: ONNXNode) throws(GoogLeNetError) {
    let input = try image(node)
    try refuseFurtherOutputs(node)
    guard node.has("kernel_shape") else { throw node.invalid("it has no kernel_shape") }
    let kernel = try pair(node, "kernel_shape", [])
    let strides = try pair(node, "strides", [1, 1])
    guard try pair(node, "dilations", [1, 1]) == [1, 1] else {
      throw node.unsupported("dilated pooling is not supported")
    }
    var pooling = Pooling(node.type == "MaxPool" ? .max : .average)
    pooling.kernelHeight = kernel[0]
    pooling.kernelWidth = kernel[1]
    pooling.strideHeight = strides[0]
    pooling.strideWidth = strides[1]
    pooling.padding = try padding(node, input.shape, kernel: kernel, strides: strides, dilations: [1, 1])
    pooling.rounding = node.int("ceil_mode", 0) != 0 ? .ceil : .floor
    pooling.countIncludesPadding = pooling.method == .average && node.int("count_include_pad", 0) != 0
    try add(node, .pooling(pooling), [input])
  }

  private mutating func reduceMean(_ node: ONNXNode) throws(GoogLeNetError) {
    let input = try activation(node)
    let numbers = try constant(node, 1)?.integers ?? node.ints("axes") ?? []
    let axes = numbers.map { input.axis($0) }
    guard axes.count == 2, axes.contains(.height), axes.contains(.width) else {
      throw node.unsupported("it averages over the axes \(numbers): only height and width together are supported")
    }
    var pooling = Pooling(.average)
    pooling.global = true
    let kept = node.int("keepdims", 1) != 0 ? input.axes : input.axes.filter { $0 != .height && $0 != .width }
    try add(node, .pooling(pooling), [input], axes: kept)
  }

  // MARK: Normalization and arithmetic

  private mutating func batchNormalization(_ node: ONNXNode) throws(GoogLeNetError) {
    let input = try activation(node)
    guard input.axes.count > 1, input.isChannel(input.axes[1]) else {
      throw node.unsupported("its input's second axis is not the channels")
    }
    guard node.int("training_mode", 0) == 0, node.int("spatial", 1) != 0 else {
      throw node.unsupported("only the form of inference, one value a channel, is supported")
    }
    // Opsets before 14 list further outputs that only training fills.
    if opset >= 14 { try refuseFurtherOutputs(node) }
    var tensors: [Tensor] = []
    for (index, what) in ["scale", "shift", "mean", "variance"].enumerated() {
      guard let constant = try constant(node, index + 1) else { throw node.invalid("it has no \(what)") }
      tensors.append(try vector(node, constant, what, count: input.shape.channels))
    }
    var normalization = BatchNormalization()
    normalization.scale = tensors[0]
    normalization.shift = tensors[1]
    normalization.mean = tensors[2]
    normalization.variance = tensors[3]
    normalization.epsilon = node.float("epsilon", 1e-5)
    try add(node, .batchNormalization(normalization), [input])
  }

  /// An image and a constant with one value for all or one a channel.
  private mutating func arithmetic(_ node: ONNXNode) throws(GoogLeNetError) {
    let input: ONNXActivation
    let constant: ONNXConstant
    let isReversed: Bool
    switch (try value(node, 0), try value(node, 1)) {
    case (.inputChannel(let channel), .constant(let number)):
      return try arithmetic(node, channel, number, isReversed: false)
    case (.constant(let number), .inputChannel(let channel)):
      return try arithmetic(node, channel, number, isReversed: true)
    case (.activation(let left), .constant(let right)): (input, constant, isReversed) = (left, right, false)
    case (.constant(let left), .activation(let right)): (input, constant, isReversed) = (right, left, true)
    default: throw node.unsupported("only an image and a constant can be combined")
    }
    // Broadcasting aligns the last axes: one of them may differ from 1, and it must be the channels.
    let lead = constant.dims.count - input.axes.count
    guard lead <= 0 || constant.dims.prefix(lead).allSatisfy({ $0 == 1 }) else {
      throw node.unsupported("the constant has more dimensions than the image")
    }
    let channels = input.shape.channels
    if constant.count != 1 {
      let wide = constant.dims.indices.filter { constant.dims[$0] != 1 }
      guard wide.count == 1, input.isChannel(input.axis(wide[0] - constant.dims.count)), constant.count == channels
      else {
        throw node.unsupported(
          "a constant of \(constant.dims) is neither one value nor one for each of \(channels) channels")
      }
    }
    let numbers = constant.floats
    let values = numbers.count == 1 ? [Float](repeating: numbers[0], count: channels) : numbers
    guard values.count == channels else { throw node.invalid("the constant is empty") }
    var affine = BatchNormalization()
    switch (node.type, isReversed) {
    case ("Add", _): affine.shift = try Tensor(values, dims: [channels], file.budget)
    case ("Mul", _): affine.scale = try Tensor(values, dims: [channels], file.budget)
    case ("Sub", false): affine.shift = try Tensor(values.map { -$0 }, dims: [channels], file.budget)
    case ("Sub", true):
      affine.scale = try Tensor(values.map { _ in -1 }, dims: [channels], file.budget)
      affine.shift = try Tensor(values, dims: [channels], file.budget)
    case ("Div", false): affine.scale = try Tensor(values.map { 1 / $0 }, dims: [channels], file.budget)
    default: throw node.unsupported("a constant divided by an image is not supported")
    }
    try add(node, .batchNormalization(affine), [input])
  }

  // MARK: Channels of the input

  private mutating func gather(_ node: ONNXNode) throws(GoogLeNetError) {
    let input = try activation(node)
    guard input.layer == inputName, input.axes == ONNXActivation.image,
      let indices = try constant(node, 1), let index = indices.integers?.first, indices.count == 1,
      input.axis(node.int("axis", 0)) == .channel, indices.dims.count < 2
    else { throw node.unsupported("only single channels of the network's input can be taken out") }
    let place = index < 0 ? index &+ input.shape.channels : index
    guard 0..<input.shape.channels ~= place else { throw node.invalid("it takes channel \(index)") }
    try alias(node, .inputChannel(ONNXInputChannel(index: place, hasAxis: indices.dims.count == 1)))
  }

  /// A channel of the input and a number.
  private mutating func arithmetic(
    _ node: ONNXNode, _ channel: ONNXInputChannel, _ constant: ONNXConstant, isReversed: Bool
  ) throws(GoogLeNetError) {
    guard constant.count == 1, constant.dims.count <= 4, let first = constant.floats.first else {
      throw node.unsupported("only a channel of the input and one number can be combined")
    }
    let number = Double(first)
    var result = channel
    switch (node.type, isReversed) {
    case ("Add", _): result.shift += number
    case ("Sub", false): result.shift -= number
    case ("Mul", _): (result.scale, result.shift) = (result.scale * number, result.shift * number)
    case ("Div", false): (result.scale, result.shift) = (result.scale / number, result.shift / number)
    default: throw node.unsupported("a number less or divided by a channel of the input is not supported")
    }
    try alias(node, .inputChannel(result))
  }

  /// All channels of the input, each scaled and shifted, as one normalization.
  private mutating func joinChannels(_ node: ONNXNode, _ channels: [ONNXInputChannel]) throws(GoogLeNetError) {
    guard case .activation(let input)? = values[inputName], channels.allSatisfy(\.hasAxis),
      channels.map(\.index) == [Int](0..<input.shape.channels)
    else {
      throw node.unsupported(
        "it joins the input's channels \(channels.map(\.index)): all in their order are supported; --channel-order tells "
          + "another one")
    }
    guard node.has("axis"), input.axis(node.int("axis", 1)) == .channel else {
      throw node.unsupported("it joins along axis \(node.int("axis", 1)): only the channels are supported")
    }
    var affine = BatchNormalization()
    affine.scale = try Tensor(channels.map { Float($0.scale) }, dims: [channels.count], file.budget)
    affine.shift = try Tensor(channels.map { Float($0.shift) }, dims: [channels.count], file.budget)
    try add(node, .batchNormalization(affine), [input])
  }

  // MARK: Matrices

  private mutating func gemm(_ node: ONNXNode) throws(GoogLeNetError) {
    let input = try vectorInput(node)
    guard node.int("transA", 0) == 0 else { throw node.unsupported("transA is not supported") }
    guard let matrix = try constant(node, 1) else { throw node.invalid("it has no weights") }
    guard matrix.dims.count == 2 else {
      throw node.invalid("its weights have \(matrix.dims.count) dimensions instead of 2")
    }
    let alpha = node.float("alpha", 1), beta = node.float("beta", 1)
    var weights = try tensor(node, node.int("transB", 0) == 0 ? try matrix.transposed([1, 0], file.budget) : matrix)
    if alpha != 1 {
      let unscaled = weights
      weights = try Tensor(dims: weights.dims, count: weights.count, file.budget) { values in
        unscaled.copyFloats(into: values.baseAddress)
        for index in values.indices { values[index] *= alpha }
      }
    }
    var product = InnerProduct(weights: weights)
    if let addend = try constant(node, 2) {
      let outputs = weights.dims[0]
      let isRow = addend.dims.count <= 1 || addend.dims.count == 2 && addend.dims[0] == 1
      guard isRow, addend.count == 1 || addend.count == outputs else {
        throw node.unsupported(
          "its third input has the shape \(addend.dims): one value for each of \(outputs) outputs is needed")
      }
      let values = addend.floats
      product.bias = try Tensor(
        (0..<outputs).map { (values.count == 1 ? values[0] : values[$0]) * beta }, dims: [outputs], file.budget)
    }
    try add(node, .innerProduct(product), [input], axes: [.batch, .channel])
  }

  private mutating func matrixProduct(_ node: ONNXNode) throws(GoogLeNetError) {
    let input = try vectorInput(node)
    guard let matrix = try constant(node, 1), matrix.dims.count == 2 else {
      throw node.unsupported("its second input must be a constant matrix")
    }
    try add(
      node, .innerProduct(InnerProduct(weights: try tensor(node, try matrix.transposed([1, 0], file.budget)))), [input],
      axes: [.batch, .channel])
  }

  private func vectorInput(_ node: ONNXNode) throws(GoogLeNetError) -> ONNXActivation {
    let input = try activation(node)
    guard input.isVector else { throw node.unsupported("its input '\(node.inputs[0])' is not a vector for each image") }
    return input
  }

  private func tensor(_ node: ONNXNode, _ constant: ONNXConstant) throws(GoogLeNetError) -> Tensor {
    guard constant.dims.checkedProduct != nil else { throw node.invalid("its weights of \(constant.dims) are empty") }
    if case .quantized(let values) = constant.values, let tensor = try values.tensor(constant.dims, file.budget) {
      return tensor
    }
    return try constant.tensor(dims: constant.dims, file.budget)
  }

  private func vector(_ node: ONNXNode, _ constant: ONNXConstant, _ what: String, count: Int) throws(GoogLeNetError)
    -> Tensor
  {
    guard constant.count == count else {
      throw node.invalid("its \(what) has \(constant.count) values instead of \(count)")
    }
    return try constant.tensor(dims: [count], file.budget)
  }

  // MARK: Quantization

  /// The scales of a QuantizeLinear or DequantizeLinear, its zero points, and the type of its integers where it says it.
  private func quantizationParameters(_ node: ONNXNode) throws(GoogLeNetError)
    -> (scales: [Float], zeroPoints: [Int], type: ONNXElementType?)
  {
    guard node.int("block_size", 0) == 0 else {
      throw node.unsupported("scales a block (block_size) are not supported")
    }
    guard let scale = try constant(node, 1), scale.count > 0 else { throw node.invalid("it has no scale") }
    guard scale.count <= 65536 else { throw node.unsupported("it has \(scale.count) scales: at most 65536 are read") }
    let scales = scale.floats
    if let scale = scales.first(where: { !($0 > 0 && $0.isNormal) }) {
      throw node.invalid("its scale is \(scale): a normal number above 0 is needed")
    }
    guard let constant = try constant(node, 2) else {
      return (scales, [Int](repeating: 0, count: scales.count), nil)
    }
    let isOneForEach = constant.isWhole && constant.count == scales.count
    let zeroPoints = isOneForEach ? scales.indices.map(constant.whole) : []
    guard isOneForEach,
      zeroPoints.allSatisfy({ -32768...65535 ~= $0 })
    else {
      throw node.invalid("its zero points are not \(scales.count) integers of 8 or 16 bits, as its scales need")
    }
    return (scales, zeroPoints, constant.elementType)
  }

  /// For each index of a constant the one of its scale.
  private func scaleIndices(_ node: ONNXNode, _ constant: ONNXConstant, scales: Int) throws(GoogLeNetError)
    -> (axis: Int, inner: Int)
  {
    guard scales > 1 else { return (0, max(constant.count, 1)) }
    let number = node.int("axis", 1)
    let axis = number < 0 ? number &+ constant.dims.count : number
    guard constant.dims.indices.contains(axis), constant.dims[axis] == scales, constant.count > 0 else {
      throw node.invalid("it has \(scales) scales along axis \(number) of \(constant.dims)")
    }
    return (axis, constant.dims.dropFirst(axis + 1).reduce(1, *))
  }

  private mutating func quantizeLinear(_ node: ONNXNode) throws(GoogLeNetError) {
    let (scales, zeroPoints, zeroPointType) = try quantizationParameters(node)
    let declared = node.int("output_dtype", 0)
    let type = zeroPointType ?? (declared == 0 ? .uint8 : ONNXElementType(rawValue: Int32(clamping: declared)))
    guard let type, let range = type.quantizedRange, zeroPoints.allSatisfy({ range.contains($0) }) else {
      throw node.unsupported("it does not quantize to integers of 8 or 16 bits")
    }
    if case .constant(let constant) = try value(node, 0) {
      let inner = try scaleIndices(node, constant, scales: scales.count).inner
      let result = try ONNXConstant(
        dims: constant.dims, elementType: type, count: constant.count, of: Int.self, file.budget
      ) { () throws(GoogLeNetError) in
        var integers: [Int] = []
        integers.reserveCapacity(constant.count)
        for (index, value) in constant.floats.enumerated() {
          let place = index / inner % scales.count
          let rounded = (value / scales[place]).rounded(.toNearestOrEven)
          guard !rounded.isNaN else { throw node.invalid("it quantizes NaN") }
          let whole = Int(min(max(rounded, -0x1p20), 0x1p20)) + zeroPoints[place]
          integers.append(min(max(whole, range.lowerBound), range.upperBound))
        }
        return .integers(integers)
      }
      return try alias(node, .constant(result))
    }
    var input = try activation(node)
    guard scales.count == 1 else {
      throw node.unsupported("it quantizes an image with \(scales.count) scales, not one")
    }
    let quantization = ONNXQuantization(scale: scales[0], zeroPoint: zeroPoints[0], range: range)
    if layers.contains(where: { $0.name == input.layer }) {
      if quantization.clampsAtZero, !nonNegativeLayers.contains(input.layer) { input = try clamped(node, input) }
      quantizations[input.layer] = quantization.ofPositives
    }
    input.quantization = quantization
    try alias(node, .activation(input))
  }

  /// The output of a ReLU, which QuantizeLinear does the work of where the tool that made the file took it out.
  private mutating func clamped(_ node: ONNXNode, _ input: ONNXActivation) throws(GoogLeNetError) -> ONNXActivation {
    if var known = clampedLayers[input.layer] {
      known.axes = input.axes
      return known
    }
    try add(node, .relu, [input])
    guard let name = layers.last?.name else { throw node.invalid("its output has no name") }
    let result = ONNXActivation(layer: name, shape: input.shape, axes: input.axes)
    clampedLayers[input.layer] = result
    return result
  }

  private mutating func dequantizeLinear(_ node: ONNXNode) throws(GoogLeNetError) {
    let (scales, zeroPoints, _) = try quantizationParameters(node)
    switch try value(node, 0) {
    case .inputChannel: throw node.unsupported("it reads one channel of the network's input")
    case .constant(let constant):
      guard constant.isWhole else { throw node.invalid("it reads a constant that is not integers") }
      let (axis, inner) = try scaleIndices(node, constant, scales: scales.count)
      let result = try ONNXConstant(dims: constant.dims, count: constant.count, of: Int32.self, file.budget) {
        () throws(GoogLeNetError) in
        var integers: [Int32] = []
        integers.reserveCapacity(constant.count)
        for index in 0..<constant.count {
          let value = constant.whole(index)
          guard let small = Int32(exactly: value),
            case let (integer, overflow) = small.subtractingReportingOverflow(
              Int32(zeroPoints[index / inner % scales.count])), !overflow
          else { throw node.invalid("it reads \(value): beyond 32 bits") }
          integers.append(integer)
        }
        return .quantized(ONNXQuantizedValues(integers: integers, scales: scales, axis: axis))
      }
      try alias(node, .constant(result))
    case .activation(var activation):
      guard let quantization = activation.quantization else {
        throw node.unsupported("it reads '\(node.inputs[0])', which no QuantizeLinear made")
      }
      guard scales == [quantization.scale], zeroPoints == [quantization.zeroPoint] else {
        throw node.unsupported(
          "its scale \(scales[0]) and zero point \(zeroPoints[0]) are not those of the QuantizeLinear before it "
            + "(\(quantization.scale) and \(quantization.zeroPoint))")
      }
      activation.quantization = nil
      try alias(node, .activation(activation))
    }
  }

  // MARK: Shapes

  private mutating func concat(_ node: ONNXNode) throws(GoogLeNetError) {
    var inputs: [ONNXActivation] = []
    var channels: [ONNXInputChannel] = []
    for index in node.inputs.indices {
      if case .inputChannel(let channel) = try value(node, index) { channels.append(channel) }
    }
    if !channels.isEmpty, channels.count == node.inputs.count { return try joinChannels(node, channels) }
    for index in node.inputs.indices { inputs.append(try activation(node, index)) }
    guard let first = inputs.first else { throw node.invalid("it joins nothing") }
    guard node.has("axis"), inputs.allSatisfy({ $0.axes == first.axes }), first.axis(node.int("axis", 1)) == .channel
    else {
      throw node.unsupported("it joins along axis \(node.int("axis", 1)): only the channels are supported")
    }
    try add(node, .concat, inputs)
  }

  private mutating func softmax(_ node: ONNXNode) throws(GoogLeNetError) {
    let input = try activation(node)
    let axis = node.int("axis", opset < 13 ? 1 : -1)
    // Before opset 13 all axes from the given one on are one.
    guard input.shape.height * input.shape.width == 1,
      input.isChannel(input.axis(axis))
    else {
      throw node.unsupported("it works along axis \(axis): only the channels of one pixel are supported")
    }
    try add(node, .softmax, [input])
  }

  private mutating func view(_ node: ONNXNode) throws(GoogLeNetError) {
    if case .constant(let constant) = try value(node, 0) {
      try alias(node, .constant(try view(node, constant)))
      return
    }
    if case .inputChannel(var channel) = try value(node, 0) {
      let axes = try constant(node, 1)?.integers ?? node.ints("axes") ?? []
      guard node.type == "Unsqueeze", !channel.hasAxis, axes == [1] || axes == [-3] else {
        throw node.unsupported("it changes the axes of one channel of the input other than by giving it its own back")
      }
      channel.hasAxis = true
      return try alias(node, .inputChannel(channel))
    }
    var result = try activation(node)
    switch node.type {
    case "Flatten":
      let axis = node.int("axis", 1)
      guard (axis < 0 ? axis + result.axes.count : axis) == 1 else {
        throw node.unsupported("it flattens from axis \(axis): only 1 is supported")
      }
      result.axes = try flattened(node, result)
    case "Reshape": result.axes = try reshaped(node, result)
    case "Squeeze":
      let numbers = try constant(node, 1)?.integers ?? node.ints("axes") ?? []
      let axes = numbers.map { result.axis($0) }
      guard !axes.isEmpty, axes.allSatisfy({ $0 == .height || $0 == .width }),
        axes.allSatisfy({ $0.flatMap(result.size) == 1 })
      else {
        throw node.unsupported("it removes the axes \(numbers): only height and width of one pixel can be removed")
      }
      result.axes = result.axes.filter { !axes.contains($0) }
    case "Transpose":
      let order = node.ints("perm") ?? [Int](result.axes.indices.reversed())
      guard order.sorted() == [Int](result.axes.indices) else { throw node.invalid("perm is \(order)") }
      result.axes = order.map { result.axes[$0] }
    default: throw node.unsupported("it cannot be applied to an image")
    }
    try alias(node, .activation(result))
  }

  private func flattened(_ node: ONNXNode, _ input: ONNXActivation) throws(GoogLeNetError) -> [ONNXActivation.Axis] {
    if input.isVector { return input.axes }
    let ordered = input.axes == ONNXActivation.image
    guard ordered || input.axes.first == .batch && input.shape.height * input.shape.width == 1 else {
      throw node.unsupported("it flattens an image whose axes are not (N, C, H, W)")
    }
    return [.batch, .flat]
  }

  private func reshaped(_ node: ONNXNode, _ input: ONNXActivation) throws(GoogLeNetError) -> [ONNXActivation.Axis] {
    guard let target = try constant(node, 1)?.integers else { throw node.unsupported("its shape must be a constant") }
    func isBatch(_ dim: Int) -> Bool { dim == batch ?? 1 || dim == 0 && node.int("allowzero", 0) == 0 || dim == -1 }
    guard target.count >= 2, target.count(where: { $0 == -1 }) <= 1, isBatch(target[0]) else {
      throw node.unsupported("it reshapes to \(target): only (images, values of one image) is supported")
    }
    if target.count == 2, target[1] == input.shape.count || target[1] == -1 {
      return try flattened(node, input)
    }
    if input.isVector, target.dropFirst() == [input.shape.channels, 1, 1], input.shape.height * input.shape.width == 1 {
      return ONNXActivation.image
    }
    let same =
      target.count == input.axes.count
      && zip(target, input.axes).dropFirst().allSatisfy { $0 == input.size($1) || $0 == 0 || $0 == -1 }
    guard same else {
      throw node.unsupported("it reshapes to \(target): only (images, values of one image) is supported")
    }
    return input.axes
  }

  private func view(_ node: ONNXNode, _ constant: ONNXConstant) throws(GoogLeNetError) -> ONNXConstant {
    // But for a transposition, the axis of the scales would be lost.
    let input = node.type == "Transpose" ? constant : try constant.dequantized(file.budget)
    var result = input
    switch node.type {
    case "Transpose":
      let order = node.ints("perm") ?? [Int](input.dims.indices.reversed())
      guard order.sorted() == [Int](input.dims.indices) else { throw node.invalid("perm is \(order)") }
      return try input.transposed(order, file.budget)
    case "Reshape":
      guard let target = try self.constant(node, 1)?.integers else {
        throw node.unsupported("its shape must be a constant")
      }
      guard input.count > 0 else { throw node.unsupported("it reshapes an empty constant") }
      var known = 1
      for (index, dim) in target.enumerated() where dim != -1 {
        let size = dim == 0 && index < input.dims.count && node.int("allowzero", 0) == 0 ? input.dims[index] : dim
        let (product, overflow) = known.multipliedReportingOverflow(by: size)
        guard size >= 0, !overflow else { throw node.invalid("it reshapes to \(target)") }
        known = product
      }
      let open = target.count(where: { $0 == -1 })
      guard open == 0 ? known == input.count : open == 1 && known > 0 && input.count % known == 0 else {
        throw node.invalid("it reshapes \(input.dims) to \(target)")
      }
      result.dims = target.enumerated().map { index, dim in
        dim == -1 ? input.count / known : dim == 0 && index < input.dims.count ? input.dims[index] : dim
      }
    case "Squeeze", "Unsqueeze":
      guard let axes = try self.constant(node, 1)?.integers ?? node.ints("axes") else {
        throw node.unsupported("it has no axes")
      }
      let rank = node.type == "Squeeze" ? input.dims.count : input.dims.count + axes.count
      let places = Set(axes.map { $0 < 0 ? $0 &+ rank : $0 })
      guard places.count == axes.count, places.allSatisfy({ 0..<rank ~= $0 }) else {
        throw node.invalid("axes is \(axes)")
      }
      if node.type == "Squeeze" {
        guard places.allSatisfy({ input.dims[$0] == 1 }) else { throw node.invalid("axes is \(axes) of \(input.dims)") }
        result.dims = input.dims.indices.filter { !places.contains($0) }.map { input.dims[$0] }
      } else {
        var rest = input.dims[...]
        result.dims = (0..<rank).map { places.contains($0) ? 1 : rest.removeFirst() }
      }
    default:
      let axis = node.int("axis", 1)
      let place = axis < 0 ? axis &+ input.dims.count : axis
      guard 0...input.dims.count ~= place else { throw node.invalid("axis is \(axis)") }
      result.dims = [input.dims.prefix(place).reduce(1, *), input.dims.dropFirst(place).reduce(1, *)]
    }
    guard result.dims.count <= GraphShape.rankLimit else {
      throw node.unsupported(
        "it gives a constant \(result.dims.count) dimensions: at most \(GraphShape.rankLimit) are supported")
    }
    return result
  }
}
