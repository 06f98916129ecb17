import CForeignFormats
import GoogLeNet

/// Reads ONNX models of opsets 7 to 22.
struct ONNXImporter {
  typealias Operands = GraphOperands<ONNXNode>

  let file: InputFile
  private let reader: ONNXTensorReader
  private var opset = 0
  private var values: [String: GraphValue] = [:]
  var builder: GraphBuilder

  static func network(of file: InputFile, options: ConversionOptions) throws(GoogLeNetError)
    -> ImportedNetwork
  {
    let model = try ForeignMessage(file, what: "an ONNX ModelProto", unpack: onnx__model__unpack)
    return try withExtendedLifetime(model) { () throws(GoogLeNetError) in
      var importer = ONNXImporter(file, options)
      return try importer.network(model.message.pointee)
    }
  }

  private init(_ file: InputFile, _ options: ConversionOptions) {
    self.file = file
    reader = ONNXTensorReader(file)
    builder = GraphBuilder(file, options)
  }

  private mutating func network(_ model: Onnx__Model) throws(GoogLeNetError) -> ImportedNetwork {
    try readOpset(model)
    guard let graph = model.graph?.pointee else { throw file.invalid("it is an ONNX model without a graph") }
    try file.budget.take(nodes: graph.n_node)
    let nodes = UnsafeBufferPointer(start: graph.node, count: graph.n_node).compactMap {
      $0.map { ONNXNode($0.pointee, file) }
    }
    let (needed, output) = try neededNodes(nodes, graph)
    try UnsupportedNodes.refuse(
      needed, beyond: ONNXImporter.supported.union(GraphElementwise.onnx.keys), "operators", file)
    var used: Set<String> = []
    for node in needed { used.formUnion(node.inputs) }
    for tensor in UnsafeBufferPointer(start: graph.initializer, count: graph.n_initializer) {
      guard let tensor = tensor?.pointee else { continue }
      let name = text(tensor.name)
      if used.contains(name) { values[name] = .constant(try reader.constant(tensor, name: name)) }
    }
    try readInput(graph, used)
    for node in needed {
      guard let name = node.outputs.first, !name.isEmpty else { throw node.invalid("its output has no name") }
      values[name] = try convert(operands(node))
    }
    let layers = try builder.finish(values[output], output)
    let told = ONNXMetadata(model)
    let metadata = told?.channelOrder.channels == builder.input?.shape.channels ? told : nil
    let preprocessing =
      metadata?.preprocessing
      ?? ONNXPreprocessing.defaults(
        layers, builder.input, isTorchvision: ONNXPreprocessing.namesTorchvision(nodes, graph))
    return builder.network(
      .onnx(opset: opset), name: text(graph.name), preprocessing, labels: metadata?.labels ?? [],
      metadata: ONNXMetadata.texts(of: model))
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

  // MARK: - Graph

  private static let supported: Set<String> = [
    "Add", "AveragePool", "BatchNormalization", "Cast", "Concat", "Constant", "Conv", "DequantizeLinear", "Div",
    "Dropout", "Flatten", "Gather", "Gemm", "GlobalAveragePool", "GlobalMaxPool", "Identity", "LRN", "MatMul",
    "MaxPool", "Mul", "QuantizeLinear", "ReduceMean", "Reshape", "Softmax", "Squeeze", "Sub", "Transpose",
    "Unsqueeze",
  ]

  /// The nodes on which the main output depends, in order.
  private mutating func neededNodes(_ nodes: [ONNXNode], _ graph: Onnx__Graph) throws(GoogLeNetError)
    -> (nodes: [ONNXNode], output: String)
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
    let sources = nodes.map { $0.inputs.compactMap { producers[$0] } }
    guard let head = MainHead.choose(outputs.map { producers[$0] }, sources) else {
      throw file.invalid("no node makes any of its outputs")
    }
    let kept = Set(head.nodes)
    builder.notes += MainHead.notes(
      outputs: outputs, chosen: outputs[head.output],
      nodes: nodes.indices.filter { !kept.contains($0) && nodes[$0].type != "Constant" }.map { nodes[$0].name })
    return (head.nodes.map { nodes[$0] }, outputs[head.output])
  }

  private mutating func readInput(_ graph: Onnx__Graph, _ used: Set<String>) throws(GoogLeNetError) {
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
    let node = GraphInput(name: name, file: file)
    let type = found[0].type?.pointee.tensor_type?.pointee
    guard [0, 1, 10, 11].contains(type?.elem_type ?? 0) else {
      throw node.unsupported("it has element type \(type?.elem_type ?? 0): float32 is supported")
    }
    var dims: [Int?] = [nil, 3, nil, nil]
    if let shape = type?.shape?.pointee {
      dims = UnsafeBufferPointer(start: shape.dim, count: shape.n_dim).map { dim in
        guard let dim = dim?.pointee, dim.has_dim_value != 0, dim.dim_value > 0 else { return nil }
        return Int(dim.dim_value)
      }
    }
    let axes = GraphActivation.axes(of: dims, usual: GraphActivation.image)
    values[name] = .activation(try builder.readInput(node, name: name, dims: dims, axes: axes))
  }

  private func operands(_ node: ONNXNode) -> Operands {
    GraphOperands(
      node,
      node.inputs.map { name in
        guard !name.isEmpty else { return .leftOut }
        return values[name].map { .value($0, name: name) } ?? .unmade(name: name)
      })
  }

  /// An input with the axes (N, C, H, W).
  private func image(_ it: Operands) throws(GoogLeNetError) -> GraphActivation {
    let input = try it.activation()
    guard input.axes == GraphActivation.image else {
      throw it.node.unsupported("its input '\(it.node.inputs[0])' does not have the axes (N, C, H, W)")
    }
    return input
  }

  private func refuseFurtherOutputs(_ node: ONNXNode) throws(GoogLeNetError) {
    guard node.outputs.dropFirst().allSatisfy(\.isEmpty) else {
      throw node.unsupported("its outputs beside the first are not supported")
    }
  }

  // MARK: - Nodes

  private mutating func convert(_ it: Operands) throws(GoogLeNetError) -> GraphValue {
    let node = it.node
    switch node.type {
    case "Constant": return .constant(try constantNode(node))
    case "Identity": return try it.value(0)
    case "Cast": return try builder.cast(node, try it.value(0), toFloats: [1, 10, 11, 16].contains(node.int("to", 0)))
    case "Dropout": return .activation(try dropout(it))
    case "Gather": return .inputChannel(try gather(it))
    case "Concat": return .activation(try concat(it))
    case "Add": return try builder.combine(node, .add, try it.value(0), try it.value(1))
    case "Sub": return try builder.combine(node, .subtract, try it.value(0), try it.value(1))
    case "Mul": return try builder.combine(node, .multiply, try it.value(0), try it.value(1))
    case "Div": return try builder.combine(node, .divide, try it.value(0), try it.value(1))
    case "Flatten", "Reshape", "Squeeze", "Unsqueeze", "Transpose": return try view(it)
    case "QuantizeLinear": return try quantizeLinear(it)
    case "DequantizeLinear": return try dequantizeLinear(it)
    default: return .activation(try layer(it))
    }
  }

  private mutating func layer(_ it: Operands) throws(GoogLeNetError) -> GraphActivation {
    let node = it.node
    if let elementwise = GraphElementwise.onnx[node.type] { return try builder.apply(elementwise, it) }
    switch node.type {
    case "Conv": return try convolution(it)
    case "MaxPool", "AveragePool": return try pooling(it)
    case "GlobalAveragePool": return try builder.globalPooling(node, .average, try image(it))
    case "GlobalMaxPool": return try builder.globalPooling(node, .max, try image(it))
    case "ReduceMean":
      return try builder.mean(
        node, try it.activation(), axes: try axes(it) ?? [], keepsAxes: node.int("keepdims", 1) != 0)
    case "LRN":
      return try builder.add(
        node,
        .localResponseNormalization(
          LocalResponseNormalization(
            size: node.int("size", 0), alpha: node.float("alpha", 1e-4), beta: node.float("beta", 0.75),
            k: node.float("bias", 1), alphaPerElement: false)), [try image(it)])
    case "BatchNormalization": return try batchNormalization(it)
    case "Gemm": return try gemm(it)
    case "MatMul": return try matrixProduct(it)
    case "Softmax":
      // Before opset 13 all axes from the given one on are one.
      return try builder.softmax(node, try it.activation(), axis: node.int("axis", opset < 13 ? 1 : -1))
    default: throw node.unsupported("the operator is not supported")
    }
  }

  private func constantNode(_ node: ONNXNode) throws(GoogLeNetError) -> GraphConstant {
    if let tensor = node.tensor("value") { return try reader.constant(tensor, name: node.name) }
    func floats(_ dims: [Int], _ values: [Float]) throws(GoogLeNetError) -> GraphConstant {
      try GraphConstant(dims: dims, count: values.count, of: Float.self, file.budget) { .floats(values) }
    }
    func integers(_ dims: [Int], _ values: [Int]) throws(GoogLeNetError) -> GraphConstant {
      try GraphConstant(dims: dims, count: values.count, of: Int.self, file.budget) { .integers(values) }
    }
    if node.has("value_float") { return try floats([], [node.float("value_float", 0)]) }
    if node.has("value_int") { return try integers([], [node.int("value_int", 0)]) }
    if let values = node.floats("value_floats") { return try floats([values.count], values) }
    if let values = node.ints("value_ints") { return try integers([values.count], values) }
    throw node.unsupported("it holds neither a tensor nor numbers")
  }

  private mutating func dropout(_ it: Operands) throws(GoogLeNetError) -> GraphActivation {
    if let training = try it.optionalConstant(2), training.integers?.first ?? 0 != 0 {
      throw it.node.unsupported("it drops values even at inference (training_mode)")
    }
    builder.dropped.append(it.node.name)
    return try it.activation()
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

  private func window(_ node: ONNXNode, kernel: [Int]) throws(GoogLeNetError) -> GraphWindow {
    let border: Border
    switch node.string("auto_pad") ?? "NOTSET" {
    case "NOTSET", "":
      let pads = node.ints("pads") ?? [0, 0, 0, 0]
      guard pads.count == 4, pads.allSatisfy({ 0...65536 ~= $0 }) else {
        throw node.invalid("pads is \(pads): four numbers of at least 0 are needed (top, left, bottom, right)")
      }
      border = .explicit(Padding(top: pads[0], left: pads[1], bottom: pads[2], right: pads[3]))
    case "VALID": border = .valid
    case "SAME_UPPER": border = .same(extraFirst: false)
    case "SAME_LOWER": border = .same(extraFirst: true)
    case let mode: throw node.invalid("auto_pad is '\(mode)'")
    }
    return GraphWindow(
      kernel: kernel, strides: try pair(node, "strides", [1, 1]), dilations: try pair(node, "dilations", [1, 1]),
      border: border)
  }

  private mutating func convolution(_ it: Operands) throws(GoogLeNetError) -> GraphActivation {
    let node = it.node
    let input = try image(it)
    guard let weights = try it.optionalConstant(1) else { throw node.invalid("it has no weights") }
    guard weights.dims.count == 4 else {
      throw node.unsupported(
        "its weights have \(weights.dims.count) dimensions: only two-dimensional convolution is supported")
    }
    let kernel = try pair(node, "kernel_shape", [weights.dims[2], weights.dims[3]])
    guard kernel == [weights.dims[2], weights.dims[3]] else {
      throw node.invalid("kernel_shape is \(kernel), but its weights are \(weights.dims)")
    }
    return try builder.convolution(
      node, input, weights: try weights.weights(node), bias: try it.optionalVector(2, "bias", count: weights.dims[0]),
      try window(node, kernel: kernel), groups: node.int("group", 1))
  }

  private mutating func pooling(_ it: Operands) throws(GoogLeNetError) -> GraphActivation {
    let node = it.node
    let input = try image(it)
    try refuseFurtherOutputs(node)
    guard node.has("kernel_shape") else { throw node.invalid("it has no kernel_shape") }
    var window = try window(node, kernel: try pair(node, "kernel_shape", []))
    window.rounding = node.int("ceil_mode", 0) != 0 ? .ceil : .floor
    window.countsPadding = node.int("count_include_pad", 0) != 0
    return try builder.pooling(node, node.type == "MaxPool" ? .max : .average, input, window)
  }

  // MARK: Normalization and matrices

  private mutating func batchNormalization(_ it: Operands) throws(GoogLeNetError) -> GraphActivation {
    let node = it.node
    let input = try it.activation()
    guard input.axes.count > 1, input.isChannel(input.axes[1]) else {
      throw node.unsupported("its input's second axis is not the channels")
    }
    guard node.int("training_mode", 0) == 0, node.int("spatial", 1) != 0 else {
      throw node.unsupported("only the form of inference, one value a channel, is supported")
    }
    // Opsets before 14 list further outputs that only training fills.
    if opset >= 14 { try refuseFurtherOutputs(node) }
    let channels = input.shape.channels
    var normalization = BatchNormalization()
    normalization.scale = try it.vector(1, "scale", count: channels)
    normalization.shift = try it.vector(2, "shift", count: channels)
    normalization.mean = try it.vector(3, "mean", count: channels)
    normalization.variance = try it.vector(4, "variance", count: channels)
    normalization.epsilon = node.float("epsilon", 1e-5)
    return try builder.add(node, .batchNormalization(normalization), [input])
  }

  private mutating func gemm(_ it: Operands) throws(GoogLeNetError) -> GraphActivation {
    let node = it.node
    guard node.int("transA", 0) == 0 else { throw node.unsupported("transA is not supported") }
    guard let matrix = try it.optionalConstant(1) else { throw node.invalid("it has no weights") }
    guard matrix.dims.count == 2 else {
      throw node.invalid("its weights have \(matrix.dims.count) dimensions instead of 2")
    }
    let alpha = node.float("alpha", 1), beta = node.float("beta", 1)
    var weights = try (node.int("transB", 0) == 0 ? try matrix.transposed([1, 0], file.budget) : matrix).weights(node)
    if alpha != 1 {
      let unscaled = weights
      weights = try Tensor(dims: weights.dims, count: weights.count, file.budget) { values in
        unscaled.copyFloats(into: values.baseAddress)
        for index in values.indices { values[index] *= alpha }
      }
    }
    var bias: Tensor?
    if let addend = try it.optionalConstant(2) {
      let outputs = weights.dims[0]
      let isRow = addend.dims.count <= 1 || addend.dims.count == 2 && addend.dims[0] == 1
      guard isRow, addend.count == 1 || addend.count == outputs else {
        throw node.unsupported(
          "its third input has the shape \(addend.dims): one value for each of \(outputs) outputs is needed")
      }
      let values = addend.floats
      bias = try Tensor(
        (0..<outputs).map { (values.count == 1 ? values[0] : values[$0]) * beta }, dims: [outputs], file.budget)
    }
    return try builder.innerProduct(node, try it.activation(), weights: weights, bias: bias)
  }

  private mutating func matrixProduct(_ it: Operands) throws(GoogLeNetError) -> GraphActivation {
    guard let matrix = try it.optionalConstant(1), matrix.dims.count == 2 else {
      throw it.node.unsupported("its second input must be a constant matrix")
    }
    let weights = try matrix.transposed([1, 0], file.budget).weights(it.node)
    return try builder.innerProduct(it.node, try it.activation(), weights: weights)
  }

  // MARK: Channels

  private func gather(_ it: Operands) throws(GoogLeNetError) -> GraphInputChannel {
    let input = try it.activation()
    guard let indices = try it.optionalConstant(1), let index = indices.integers?.first, indices.count == 1,
      indices.dims.count < 2
    else { throw it.node.unsupported("only single channels of the network's input can be taken out") }
    return try builder.channel(
      it.node, input, index, axis: it.node.int("axis", 0), keepsAxis: indices.dims.count == 1)
  }

  private mutating func concat(_ it: Operands) throws(GoogLeNetError) -> GraphActivation {
    guard it.node.has("axis") else { throw it.node.invalid("it has no axis") }
    let axis = it.node.int("axis", 1)
    var channels: [GraphInputChannel] = []
    for index in it.indices {
      if case .inputChannel(let channel) = try it.value(index) { channels.append(channel) }
    }
    return !channels.isEmpty && channels.count == it.indices.count
      ? try builder.joined(it.node, channels, axis: axis)
      : try builder.concat(it.node, try it.activations(it.indices), axis: axis)
  }
}
