/// A network made ready for execution: only the layers that the wanted outputs need, joined into nodes (batch normalization and
/// ReLU into convolutions), with concatenations replaced by values that lie in slices of one another, and with a kernel for every
/// node's encodings. Data only; the plan gives it kernels and memory.
struct Graph {
  /// The activations that a node writes, or the network's input.
  struct Value {
    let shape: Shape
    /// For the network's input `u8` means pixels as they are.
    var encoding: ActivationEncoding
    /// The value in whose channels, from `channelOffset` on, this one lies, or which it replaces; nil for one with memory of its
    /// own.
    var parent: Int?
    var channelOffset = 0
  }

  private(set) var values: [Value]
  /// In topological order.
  private(set) var nodes: [GraphNode] = []
  /// For each wanted output the value that holds it.
  private(set) var outputs: [Int] = []
  /// For each value the one with memory in which it lies, and the channel at which it begins there.
  private var roots: [(value: Int, channelOffset: Int)] = []
  /// The network's input.
  static let inputValue = 0

  /// For each layer the value that holds its output, once it has one.
  private var layerValues: [Int?]
  /// For each value the node that writes it, if one does.
  private var makers: [Int?] = [nil]
  /// For each layer how many needed layers read it.
  private var readers: [Int]
  /// For each layer whether its output must exist unchanged.
  private var observed: [Bool]
  /// For each value the float32 form of it, where there is one.
  private var floatForms: [Int: Int] = [:]

  /// - Parameters:
  ///   - shapes: of all layers, for `input`.
  ///   - encodings: of all layers; all float32 for a plan that computes in float32.
  ///   - outputLayers: layers whose outputs are wanted; −1 is the network's input. Nothing is fused across them.
  /// - Throws: `unsupported` where an int8 model asks for what no kernel does.
  init(model: Model, input: Shape, shapes: [Shape], encodings: [ActivationEncoding], outputLayers: [Int])
    throws(GoogLeNetError)
  {
    let layers = model.network.layers
    values = [Value(shape: input, encoding: .float32)]
    readers = [Int](repeating: 0, count: layers.count)
    observed = [Bool](repeating: false, count: layers.count)
    layerValues = [Int?](repeating: nil, count: layers.count)
    for layer in outputLayers where layer >= 0 { observed[layer] = true }
    var needed = observed
    for index in layers.indices.reversed() where needed[index] {
      for producer in model.inputs[index] where producer >= 0 {
        needed[producer] = true
        readers[producer] += 1
      }
    }

    for (index, layer) in layers.enumerated() where needed[index] {
      switch layer.operation {
      case .dropout: addAlias(index, of: model.inputs[index][0])
      case .concat:
        addConcatenation(index, of: model.inputs[index], shape: shapes[index], encoding: encodings[index])
      default:
        addOperation(
          index, layer.operation, of: model.inputs[index][0], shape: shapes[index], encoding: encodings[index])
      }
    }
    for layer in outputLayers { outputs.append(value(of: layer)) }
    if encodings.contains(where: { $0 != .float32 }) { try quantize(model) }
    findRoots()
  }

  /// The value with memory in which `value` lies, and the channel at which it begins there.
  func root(of value: Int) -> (value: Int, channelOffset: Int) { roots[value] }

  private mutating func findRoots() {
    roots = [(value: Int, channelOffset: Int)](repeating: (-1, 0), count: values.count)
    var path: [Int] = []
    for value in values.indices {
      var last = value
      while roots[last].value < 0, let parent = values[last].parent {
        path.append(last)
        last = parent
      }
      if roots[last].value < 0 { roots[last] = (last, 0) }
      // Each step is taken once in all.
      while let inner = path.popLast() {
        let outer = roots[last]
        roots[inner] = (outer.value, outer.channelOffset + values[inner].channelOffset)
        last = inner
      }
    }
  }

  private func value(of producer: Int) -> Int {
    producer < 0 ? Graph.inputValue : layerValues[producer] ?? Graph.inputValue
  }

  private mutating func addValue(_ value: Value, maker: Int?) -> Int {
    values.append(value)
    makers.append(maker)
    return values.count - 1
  }

  // MARK: Layers

  private mutating func addAlias(_ layer: Int, of producer: Int) {
    layerValues[layer] = value(of: producer)
    guard producer >= 0 else { return }
    // Whoever reads the alias reads its source.
    readers[producer] += readers[layer] - 1
    readers[layer] = readers[producer]
    let either = observed[producer] || observed[layer]
    observed[producer] = either
    observed[layer] = either
  }

  private mutating func addConcatenation(
    _ layer: Int, of producers: [Int], shape: Shape, encoding: ActivationEncoding
  ) {
    let joined = addValue(Value(shape: shape, encoding: encoding), maker: nil)
    var offset = 0
    for producer in producers {
      let part = value(of: producer)
      if part != Graph.inputValue, values[part].parent == nil, values[part].encoding == encoding {
        values[part].parent = joined
        values[part].channelOffset = offset
      } else {
        // The input, or a value that lies in another concatenation already: copied.
        let copy = addValue(
          Value(shape: values[part].shape, encoding: encoding, parent: joined, channelOffset: offset),
          maker: nodes.count)
        nodes.append(GraphNode(layer: layer, kind: .affine(GraphNode.Affine()), input: part, output: copy))
      }
      offset += values[part].shape.channels
    }
    layerValues[layer] = joined
  }

  private mutating func addOperation(
    _ layer: Int, _ operation: Operation, of producer: Int, shape: Shape, encoding: ActivationEncoding
  ) {
    let source = value(of: producer)
    let maker = producer >= 0 && readers[producer] == 1 && !observed[producer] ? makers[source] : nil
    if let maker, nodes[maker].fuse(layer, operation, channels: shape.channels) {
      values[source].encoding = encoding
      layerValues[layer] = source
      return
    }
    let kind = GraphNode.kind(of: operation, input: values[source].shape)
    // Not a concatenation, which has no maker: others may read its parts.
    let replaces =
      maker != nil && kind.mayRunInPlace && values[source].encoding == .float32 && encoding == .float32
    let output = addValue(
      Value(shape: shape, encoding: encoding, parent: replaces ? source : nil), maker: nodes.count)
    nodes.append(GraphNode(layer: layer, kind: kind, input: source, output: output))
    layerValues[layer] = output
  }

  // MARK: Encodings

  /// Turns convolutions of bytes by integer weights into integer ones, and puts conversions around what only computes in float32.
  private mutating func quantize(_ model: Model) throws(GoogLeNetError) {
    var allReadPixels = true
    for node in nodes where node.input == Graph.inputValue {
      guard case .convolution(let it) = node.kind, it.canReadPixels(model.network.preprocessing) else {
        allReadPixels = false
        break
      }
    }
    if allReadPixels, !outputs.contains(Graph.inputValue) { values[Graph.inputValue].encoding = .u8(scale: 1) }

    let floatNodes = nodes
    nodes = []
    for node in floatNodes {
      let input = values[node.input].encoding
      let output = values[node.output].encoding
      switch (node.kind, input, output) {
      case (.convolution(let it), .u8, _) where it.isInteger && (output == .float32 || it.minimum == 0):
        append(node, .integerConvolution(it), input: node.input, output: node.output)
      case (.pooling(let it), _, _) where it.method == .max && input == output,
        (.pooling(let it), .u8, .float32) where it.method == .average:
        append(node, .pooling(it), input: node.input, output: node.output)
      case (.normalization(let it), .u16, .u8) where it.beta == ActivationEncoding.normalizationBeta:
        append(node, .normalization(it), input: node.input, output: node.output)
      case (.affine(let it), .u8, .u8) where input == output && it.isIdentity:
        // The maximum over one value copies it.
        append(node, .pooling(Pooling(.max)), input: node.input, output: node.output)
      case (_, _, .u16):
        throw GoogLeNetError(
          .unsupported,
          "\(model.source): layer '\(model.network.layers[node.layer].name)' cannot compute its output scale's 16 bits: "
            + "run the model in float32")
      default:
        try appendFloat(node, model)
      }
    }
  }

  private mutating func append(_ node: GraphNode, _ kind: GraphNode.Kind, input: Int, output: Int) {
    makers[output] = nodes.count
    nodes.append(GraphNode(layer: node.layer, fused: node.fused, kind: kind, input: input, output: output))
  }

  /// Appends a node that computes in float32, with conversions of its input and output where they are stored otherwise.
  private mutating func appendFloat(_ node: GraphNode, _ model: Model) throws(GoogLeNetError) {
    var input = node.input
    // Averages of bytes are computed from the bytes.
    var readsBytes = false
    if case .pooling(let it) = node.kind, it.method == .average, case .u8 = values[input].encoding { readsBytes = true }
    switch values[input].encoding {
    case .float32: break
    case .u8(let scale) where !readsBytes:
      if let form = floatForms[input] {
        input = form
      } else {
        let form = addValue(Value(shape: values[input].shape, encoding: .float32), maker: nil)
        append(node, .dequantize(scale: scale), input: input, output: form)
        floatForms[input] = form
        input = form
      }
    case .u8: break
    case .u16:
      throw GoogLeNetError(
        .unsupported,
        "\(model.source): layer '\(model.network.layers[node.layer].name)' cannot read 16 bits: run the model in float32"
      )
    }
    guard case .u8(let scale) = values[node.output].encoding else {
      append(node, node.kind, input: input, output: node.output)
      return
    }
    let result = addValue(Value(shape: values[node.output].shape, encoding: .float32), maker: nil)
    append(node, node.kind, input: input, output: result)
    append(node, .quantize(scale: scale), input: result, output: node.output)
    // Whoever asks for this output, or reads it as float32, gets it before rounding.
    floatForms[node.output] = result
    for index in outputs.indices where outputs[index] == node.output { outputs[index] = result }
  }
}
