/// A network made ready for execution: only the layers that the wanted outputs need, joined into nodes (batch normalization and
/// ReLU into convolutions), with concatenations replaced by values that lie in slices of one another, and with a kernel for every
/// node's encodings. Data only; the plan gives it kernels and memory. How a layer is computed does not depend on what is wanted: it
/// gives the same bits in each graph that has it.
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
  /// For each value whether a graph of the same network, with other outputs, may have it in a concatenation.
  private(set) var mayBeJoined: [Bool] = []
  /// For each value the one with memory in which it lies, and the channel at which it begins there.
  private var roots: [(value: Int, channelOffset: Int)] = []
  /// The network's input.
  static let inputValue = 0

  /// For each layer the one whose output it has: itself, or what it is another name for; −1 for the network's input.
  private var sources: [Int] = []
  /// For each layer the sources that it reads.
  private var inputs: [[Int]] = []
  /// For each source the value that holds its output, once it has one.
  private var layerValues: [Int?]
  /// For each value the node that writes it, if one does.
  private var makers: [Int?] = [nil]
  /// For each source how many layers of the network read it, needed or not.
  private var readers: [Int]
  /// For each source whether its output is wanted.
  private var observed: [Bool]
  /// For each value the float32 form of it, where there is one.
  private var floatForms: [Int: Int] = [:]

  /// - Parameters:
  ///   - shapes: of all layers, for `input`.
  ///   - encodings: of all layers; all float32 for a plan that computes in float32.
  ///   - outputLayers: layers whose outputs are wanted; −1 is the network's input.
  /// - Throws: `unsupported` where an int8 model asks for what no kernel does.
  init(model: Model, input: Shape, shapes: [Shape], encodings: [ActivationEncoding], outputLayers: [Int])
    throws(GoogLeNetError)
  {
    let layers = model.network.layers
    values = [Value(shape: input, encoding: .float32)]
    readers = [Int](repeating: 0, count: layers.count)
    observed = [Bool](repeating: false, count: layers.count)
    var joined = observed
    layerValues = [Int?](repeating: nil, count: layers.count)
    for (index, layer) in layers.enumerated() {
      let read = model.inputs[index].map { source(of: $0) }
      inputs.append(read)
      guard !layer.operation.traits.isAlias else {
        sources.append(read[0])
        continue
      }
      sources.append(index)
      var isConcatenation = false
      if case .concat = layer.operation { isConcatenation = true }
      for producer in read where producer >= 0 {
        readers[producer] += 1
        if isConcatenation { joined[producer] = true }
      }
    }
    for layer in outputLayers where source(of: layer) >= 0 { observed[source(of: layer)] = true }
    var needed = observed
    for index in layers.indices.reversed() where needed[index] {
      for producer in inputs[index] where producer >= 0 { needed[producer] = true }
    }

    let isFloat = encodings.allSatisfy { $0 == .float32 }
    for (index, layer) in layers.enumerated() where needed[index] {
      let read = inputs[index]
      if fuse(
        index, layer.operation, of: read, shape: shapes[index], encoding: encodings[index], isFloat: isFloat)
      {
        continue
      }
      switch layer.operation.form(inputs: read.map { $0 < 0 ? input : shapes[$0] }) {
      case .alias: break  // Its source is needed in its place.
      case .concatenation: addConcatenation(index, of: read, shape: shapes[index], encoding: encodings[index])
      case .node(let kind):
        addNode(index, kind, of: read, shape: shapes[index], encoding: encodings[index])
      }
    }
    for layer in outputLayers { outputs.append(value(of: layer)) }
    if !isFloat { try quantize(model, input) }
    mayBeJoined = [Bool](repeating: false, count: values.count)
    for source in layers.indices where joined[source] {
      if let value = layerValues[source] { mayBeJoined[value] = true }
    }
    findRoots()
  }

  /// The value with memory in which `value` lies, and the channel at which it begins there.
  func root(of value: Int) -> (value: Int, channelOffset: Int) { roots[value] }

  /// Elements from a pixel to the next. Aligned for vectors where channels are many.
  func pixelStride(of root: Int) -> Int {
    let channels = values[root].shape.channels
    return channels < 16 ? channels : (channels + 15) / 16 * 16
  }

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

  /// - Parameter layer: −1 is the network's input.
  private func source(of layer: Int) -> Int { layer < 0 ? layer : sources[layer] }

  private func value(of layer: Int) -> Int {
    let source = source(of: layer)
    return source < 0 ? Graph.inputValue : layerValues[source] ?? Graph.inputValue
  }

  private mutating func addValue(_ value: Value, maker: Int?) -> Int {
    values.append(value)
    makers.append(maker)
    return values.count - 1
  }

  // MARK: Layers

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
        nodes.append(GraphNode(layer: layer, kind: .kernel(AffineKernel()), inputs: [part], output: copy))
      }
      offset += values[part].shape.channels
    }
    layerValues[layer] = joined
  }

  /// Lets the node before take a layer over, if it can. Where the output that is lost so is wanted, another node gives it.
  private mutating func fuse(
    _ layer: Int, _ operation: Operation, of producers: [Int], shape: Shape, encoding: ActivationEncoding, isFloat: Bool
  ) -> Bool {
    guard producers.count == 1, let maker = onlyMaker(of: producers[0]) else { return false }
    let isWanted = observed[producers[0]]
    // In float32 a lower bound gives the same bits wherever it is applied.
    if isWanted, isFloat, operation.traits.normalization == nil { return false }
    // A copy would make each fusion copy the list of all earlier ones.
    let before = isWanted ? nodes[maker] : nil
    let output = nodes[maker].output
    let place = FusionPlace(
      channels: shape.channels, reads: values[nodes[maker].inputs[0]].encoding, stores: encoding)
    guard nodes[maker].fuse(layer, operation, place) else { return false }
    if let before {
      let lost = values[output]
      let wanted = addValue(Value(shape: lost.shape, encoding: lost.encoding), maker: nodes.count)
      nodes.append(
        GraphNode(
          layer: before.layer, fused: before.fused, kind: before.kind, inputs: before.inputs, output: wanted))
      layerValues[producers[0]] = wanted
    }
    if isWanted || values[output].encoding != encoding {
      // It must not replace an input that another node reads, too, or in which bytes with their halo would not fit. No concatenation has
      // it yet: what fuses is its only reader.
      values[output].parent = nil
    }
    values[output].encoding = encoding
    layerValues[layer] = output
    return true
  }

  private mutating func addNode(
    _ layer: Int, _ kind: GraphNode.Kind, of producers: [Int], shape: Shape, encoding: ActivationEncoding
  ) {
    let sources = producers.map(value)
    var replaced: Int?
    if kind.mayRunInPlace, encoding == .float32 {
      // Not a concatenation, which has no maker: others may read its parts.
      let place = producers.firstIndex {
        onlyMaker(of: $0) != nil && !observed[$0] && values[value(of: $0)].encoding == .float32
      }
      replaced = place.map { sources[$0] }
    }
    let output = addValue(Value(shape: shape, encoding: encoding, parent: replaced), maker: nodes.count)
    nodes.append(GraphNode(layer: layer, kind: kind, inputs: sources, output: output))
    layerValues[layer] = output
  }

  /// The node that makes a source's output, where one layer alone reads that.
  private func onlyMaker(of source: Int) -> Int? {
    source >= 0 && readers[source] == 1 ? makers[value(of: source)] : nil
  }

  // MARK: Encodings

  /// Turns convolutions of bytes by integer weights into integer ones, and puts conversions around what only computes in float32.
  private mutating func quantize(_ model: Model, _ input: Shape) throws(GoogLeNetError) {
    if storesPixels(model, input) { values[Graph.inputValue].encoding = .u8(scale: 1) }

    let floatNodes = nodes
    nodes = []
    for node in floatNodes {
      let output = values[node.output].encoding
      if let kind = node.kind.integerForm(node.inputs.map { values[$0].encoding }, output) {
        append(node, kind, inputs: node.inputs, output: node.output)
      } else if case .u16 = output {
        throw GoogLeNetError(
          .unsupported,
          "\(model.source): layer '\(model.network.layers[node.layer].name)' cannot compute its output scale's 16 bits: "
            + "run the model in float32")
      } else {
        try appendFloat(node, model)
      }
    }
  }

  /// Whether all that reads the network's input, needed or not, takes pixels.
  private func storesPixels(_ model: Model, _ input: Shape) -> Bool {
    for index in inputs.indices where sources[index] == index && inputs[index].contains(-1) {
      let operation = model.network.layers[index].operation
      guard case .node(.convolution(let it)) = operation.form(inputs: [input]),
        it.canReadPixels(model.network.preprocessing)
      else { return false }
    }
    return true
  }

  private mutating func append(_ node: GraphNode, _ kind: GraphNode.Kind, inputs: [Int], output: Int) {
    makers[output] = nodes.count
    nodes.append(GraphNode(layer: node.layer, fused: node.fused, kind: kind, inputs: inputs, output: output))
  }

  /// Appends a node that computes in float32, with conversions of its input and output where they are stored otherwise.
  private mutating func appendFloat(_ node: GraphNode, _ model: Model) throws(GoogLeNetError) {
    var readsBytes = false
    if case .kernel(let it) = node.kind { readsBytes = it.readsBytes }
    var inputs = node.inputs
    for (place, input) in node.inputs.enumerated() {
      switch values[input].encoding {
      case .float32: break
      case .u8(let scale): if !readsBytes { inputs[place] = floatForm(of: input, scale: scale, for: node) }
      case .u16:
        throw GoogLeNetError(
          .unsupported,
          "\(model.source): layer '\(model.network.layers[node.layer].name)' cannot read 16 bits: run the model in float32"
        )
      }
    }
    guard case .u8(let scale) = values[node.output].encoding else {
      append(node, node.kind, inputs: inputs, output: node.output)
      return
    }
    let result = addValue(Value(shape: values[node.output].shape, encoding: .float32), maker: nil)
    append(node, node.kind, inputs: inputs, output: result)
    append(node, .kernel(ConversionKernel(.toBytes, scale: scale)), inputs: [result], output: node.output)
    // Whoever asks for this output, or reads it as float32, gets it before rounding.
    floatForms[node.output] = result
    for index in outputs.indices where outputs[index] == node.output { outputs[index] = result }
  }

  /// The float32 form of a value of bytes, made in front of the first node that wants it.
  private mutating func floatForm(of value: Int, scale: Float, for node: GraphNode) -> Int {
    if let form = floatForms[value] { return form }
    let form = addValue(Value(shape: values[value].shape, encoding: .float32), maker: nil)
    append(node, .kernel(ConversionKernel(.toFloats, scale: scale)), inputs: [value], output: form)
    floatForms[value] = form
    return form
  }
}
