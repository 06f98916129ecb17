/// A network made ready for execution: layers joined into nodes (batch normalization and ReLU into convolutions), and
/// concatenations replaced by values that lie in slices of one another. Data only; the plan gives it kernels and memory.
struct Graph {
  /// The activations that a node writes, or the network's input.
  struct Value {
    let shape: Shape
    /// The value in whose channels, from `channelOffset` on, this one lies; nil for one with memory of its own.
    var parent: Int?
    var channelOffset = 0
  }

  private(set) var values: [Value]
  /// In topological order.
  private(set) var nodes: [GraphNode] = []
  /// For each layer the value that holds its output, unless it was fused into a later layer.
  private(set) var layerValues: [Int] = []
  /// The network's input.
  static let inputValue = 0

  /// For each value the node that writes it, if one does.
  private var makers: [Int?] = [nil]
  /// For each layer how many layers read it.
  private var readers: [Int]
  /// For each layer whether its output must exist unchanged.
  private var observed: [Bool]

  /// - Parameters:
  ///   - shapes: of all layers, for `input`.
  ///   - observedLayers: layers whose outputs must exist unchanged; nothing is fused across them.
  init(model: Model, input: Shape, shapes: [Shape], observedLayers: [Int]) {
    let layers = model.network.layers
    values = [Value(shape: input)]
    readers = [Int](repeating: 0, count: layers.count)
    observed = [Bool](repeating: false, count: layers.count)
    for inputs in model.inputs {
      for producer in inputs where producer >= 0 { readers[producer] += 1 }
    }
    for layer in observedLayers where layer >= 0 { observed[layer] = true }

    for (index, layer) in layers.enumerated() {
      switch layer.operation {
      case .dropout: addAlias(index, of: model.inputs[index][0])
      case .concat: addConcatenation(index, of: model.inputs[index], shape: shapes[index])
      default: addOperation(index, layer.operation, of: model.inputs[index][0], shape: shapes[index])
      }
    }
  }

  /// The value with memory in which `value` lies, and the channel at which it begins there.
  func root(of value: Int) -> (value: Int, channelOffset: Int) {
    var root = value
    var offset = 0
    while let parent = values[root].parent {
      offset += values[root].channelOffset
      root = parent
    }
    return (root, offset)
  }

  private func value(of producer: Int) -> Int {
    producer < 0 ? Graph.inputValue : layerValues[producer]
  }

  private mutating func addAlias(_ layer: Int, of producer: Int) {
    layerValues.append(value(of: producer))
    guard producer >= 0 else { return }
    // Whoever reads the alias reads its source.
    readers[producer] += readers[layer] - 1
    readers[layer] = readers[producer]
    let either = observed[producer] || observed[layer]
    observed[producer] = either
    observed[layer] = either
  }

  private mutating func addConcatenation(_ layer: Int, of producers: [Int], shape: Shape) {
    let joined = addValue(Value(shape: shape), maker: nil)
    var offset = 0
    for producer in producers {
      let part = value(of: producer)
      if part != Graph.inputValue, values[part].parent == nil {
        values[part].parent = joined
        values[part].channelOffset = offset
      } else {
        // The input, or a value that lies in another concatenation already: copied.
        let copy = addValue(
          Value(shape: values[part].shape, parent: joined, channelOffset: offset), maker: nodes.count)
        nodes.append(GraphNode(layer: layer, kind: .affine(GraphNode.Affine()), input: part, output: copy))
      }
      offset += values[part].shape.channels
    }
    layerValues.append(joined)
  }

  private mutating func addOperation(_ layer: Int, _ operation: Operation, of producer: Int, shape: Shape) {
    let source = value(of: producer)
    if producer >= 0, readers[producer] == 1, !observed[producer], let maker = makers[source],
      nodes[maker].fuse(operation, channels: shape.channels)
    {
      layerValues.append(source)
      return
    }
    let output = addValue(Value(shape: shape), maker: nodes.count)
    nodes.append(
      GraphNode(
        layer: layer, kind: GraphNode.kind(of: operation, input: values[source].shape), input: source, output: output))
    layerValues.append(output)
  }

  private mutating func addValue(_ value: Value, maker: Int?) -> Int {
    values.append(value)
    makers.append(maker)
    return values.count - 1
  }
}
