import GoogLeNet

/// Rewrites of a list of layers that leave its output as it is.
enum LayerGraph {
  /// The layers on which `output` depends, in their order.
  static func needed(_ layers: [Layer], for output: String) -> [Layer] {
    var wanted: Set<String> = [output]
    var kept: [Layer] = []
    for layer in layers.reversed() where wanted.contains(layer.name) {
      wanted.formUnion(layer.inputs)
      kept.append(layer)
    }
    return kept.reversed()
  }

  /// The batch normalization, scale or shift that alone reads the network's input, where it can be undone: as
  /// preprocessing it costs nothing, and padding after it is right.
  static func inputNormalization(_ layers: [Layer], inputName: String) -> (layer: String, affine: ChannelAffine)? {
    let readers = layers.filter { $0.inputs.contains(inputName) }
    guard readers.count == 1, let reader = readers.first, case .batchNormalization(let it) = reader.operation,
      let channels = reader.operation.tensors.first?.tensor.count,
      let affine = ChannelAffine(it, channels: channels),
      affine.scale.allSatisfy({ $0.isFinite && abs($0) > 1e-12 }), affine.shift.allSatisfy(\.isFinite)
    else { return nil }
    return (reader.name, affine)
  }

  /// The layers without one of them, whose readers read `source` instead.
  static func removing(_ name: String, from layers: [Layer], readersRead source: String) -> [Layer] {
    layers.compactMap { layer in
      guard layer.name != name else { return nil }
      var changed = layer
      changed.inputs = layer.inputs.map { $0 == name ? source : $0 }
      return changed
    }
  }

  /// Folds each batch normalization, scale or shift into the convolution, inner product or normalization before it
  /// where nothing else reads that one. The folded layer takes the later one's name, for it gives that one's output.
  /// - Parameter budget: what the folded weights count against.
  /// - Returns: the layers, and how many were folded away.
  static func foldingNormalizations(_ layers: [Layer], _ budget: ValueBudget) throws(GoogLeNetError) -> (
    layers: [Layer], count: Int
  ) {
    var readers: [String: Int] = [:]
    for layer in layers {
      for input in layer.inputs { readers[input, default: 0] += 1 }
    }
    var result: [Layer] = []
    var places: [String: Int] = [:]
    var count = 0
    for layer in layers {
      if case .batchNormalization(let normalization) = layer.operation, layer.inputs.count == 1,
        readers[layer.inputs[0]] == 1, let place = places[layer.inputs[0]],
        let folded = try fold(normalization, into: result[place].operation, budget)
      {
        places[layer.inputs[0]] = nil
        places[layer.name] = place
        result[place].operation = folded
        result[place].name = layer.name
        count += 1
      } else {
        places[layer.name] = result.count
        result.append(layer)
      }
    }
    return (result, count)
  }

  /// nil where the operations do not fit together.
  private static func fold(_ normalization: BatchNormalization, into operation: Operation, _ budget: ValueBudget)
    throws(GoogLeNetError)
    -> Operation?
  {
    switch operation {
    case .convolution(var convolution):
      guard let affine = ChannelAffine(normalization, channels: convolution.weights.dims.first ?? 0) else { return nil }
      convolution.weights = try affine.scaling(convolution.weights, budget)
      convolution.bias = try affine.applied(to: convolution.bias, budget)
      return .convolution(convolution)
    case .innerProduct(var innerProduct):
      guard let affine = ChannelAffine(normalization, channels: innerProduct.weights.dims.first ?? 0) else {
        return nil
      }
      innerProduct.weights = try affine.scaling(innerProduct.weights, budget)
      innerProduct.bias = try affine.applied(to: innerProduct.bias, budget)
      return .innerProduct(innerProduct)
    case .batchNormalization(var first):
      guard let channels = Operation.batchNormalization(first).tensors.first?.tensor.count,
        let affine = ChannelAffine(normalization, channels: channels)
      else { return nil }
      if let scale = first.scale {
        first.scale = try affine.scaling(scale, budget)
      } else if !affine.keepsScale {
        first.scale = try affine.scaling(
          try Tensor([Float](repeating: 1, count: channels), dims: [channels], budget), budget)
      }
      first.shift = try affine.applied(to: first.shift, budget)
      return .batchNormalization(first)
    default: return nil
    }
  }
}
