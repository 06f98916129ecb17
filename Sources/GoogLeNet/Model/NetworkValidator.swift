/// Checks everything that the engine relies on afterwards without asking: names, order, tensors, ranges and shapes.
/// The limits keep every product that the engine computes within 63 bits.
struct NetworkValidator {
  static let channelLimit = 1 << 16
  static let windowLimit = 1024
  static let layerLimit = 10_000
  static let pixelLimit = 1 << 26

  /// How errors name the model.
  let source: String
  private var indices: [String: Int] = [:]

  /// What the rest of the core wants to know of a valid network.
  struct Result {
    /// For each layer the indices of the layers that it reads; −1 is the network's input.
    let inputs: [[Int]]
    let indices: [String: Int]
    /// At the network's own input size.
    let shapes: [Shape]
    /// How each layer's output is stored.
    let encodings: [ActivationEncoding]
  }

  init(source: String) {
    self.source = source
  }

  /// Checks a network, its shapes at its own input size included.
  mutating func validate(_ network: Network) throws(GoogLeNetError) -> Result {
    try checkHeader(network)
    var inputs: [[Int]] = []
    inputs.reserveCapacity(network.layers.count)
    for (index, layer) in network.layers.enumerated() {
      guard !layer.name.isEmpty else { throw invalid("layer \(index) has no name") }
      guard layer.name != network.inputName, indices[layer.name] == nil else {
        throw invalid("layer \(index) is called '\(layer.name)', as something before it is")
      }
      var sources: [Int] = []
      for input in layer.inputs {
        if input == network.inputName {
          sources.append(-1)
        } else if let producer = indices[input] {
          sources.append(producer)
        } else {
          throw invalid("layer '\(layer.name)' reads '\(input)', which no earlier layer makes")
        }
      }
      try checkTensors(of: layer)
      indices[layer.name] = index
      inputs.append(sources)
    }
    let inference = ShapeInference(source: source)
    let input = Shape(
      channels: network.preprocessing.channelOrder.channels, height: network.preprocessing.inputHeight,
      width: network.preprocessing.inputWidth)
    let shapes = try inference.shapes(of: network, inputs: inputs, input: input)
    guard let last = network.layers.last, case .softmax = last.operation, let output = shapes.last else {
      throw invalid("the last layer '\(network.layers.last?.name ?? "")' is not a Softmax, which a classifier ends in")
    }
    guard network.labels.isEmpty || network.labels.count == output.channels else {
      throw invalid("\(network.labels.count) labels for \(output.channels) classes: give one label a class")
    }
    let encodings = try ActivationEncoding.encodings(of: network.layers, inputs: inputs, source: source)
    return Result(inputs: inputs, indices: indices, shapes: shapes, encodings: encodings)
  }

  private func checkHeader(_ network: Network) throws(GoogLeNetError) {
    let preprocessing = network.preprocessing
    guard !network.layers.isEmpty else { throw invalid("it has no layers") }
    guard network.layers.count <= NetworkValidator.layerLimit else {
      throw invalid("it has \(network.layers.count) layers: at most \(NetworkValidator.layerLimit) are supported")
    }
    guard !network.inputName.isEmpty else { throw invalid("input_name is empty") }
    guard 1...SessionOptions.inputSizeLimit ~= preprocessing.inputHeight,
      1...SessionOptions.inputSizeLimit ~= preprocessing.inputWidth
    else {
      throw invalid(
        "the input is \(preprocessing.inputHeight) x \(preprocessing.inputWidth): each side must be 1 to \(SessionOptions.inputSizeLimit)"
      )
    }
    guard max(preprocessing.inputHeight, preprocessing.inputWidth)...Image.sideLimit ~= preprocessing.shortSide else {
      throw invalid(
        "preprocessing.short_side is \(preprocessing.shortSide): it must be at least the input's longer side and at most \(Image.sideLimit)"
      )
    }
    let channels = preprocessing.channelOrder.channels
    guard preprocessing.mean.count == channels, preprocessing.scale.count == channels else {
      throw invalid(
        "preprocessing has \(preprocessing.mean.count) means and \(preprocessing.scale.count) scales for \(channels) channels"
      )
    }
    for value in preprocessing.mean + preprocessing.scale where !value.isFinite {
      throw invalid("preprocessing has a mean or scale that is not a finite number")
    }
  }

  private func checkTensors(of layer: Layer) throws(GoogLeNetError) {
    for (field, tensor) in layer.operation.tensors {
      let what = "layer '\(layer.name)': \(field)"
      var count = 1
      for dim in tensor.dims {
        guard dim > 0, dim <= 1 << 28, count <= (1 << 31) / dim else {
          throw invalid("\(what) has dimensions \(text(tensor.dims)): zero or too large")
        }
        count *= dim
      }
      guard tensor.bytes.count == count * tensor.elementType.size else {
        throw invalid(
          "\(what) has \(tensor.bytes.count) bytes; dimensions \(text(tensor.dims)) need \(count * tensor.elementType.size)"
        )
      }
      if tensor.elementType.isInteger {
        guard tensor.dims.count > 0, tensor.scales.count == tensor.dims[0] else {
          throw invalid(
            "\(what) has \(tensor.scales.count) scales for \(tensor.dims.first ?? 0) output channels")
        }
        guard tensor.inputScales.isEmpty || (tensor.dims.count > 1 && tensor.inputScales.count == tensor.dims[1])
        else {
          throw invalid(
            "\(what) has \(tensor.inputScales.count) input scales for \(tensor.dims.count > 1 ? tensor.dims[1] : 0) input channels"
          )
        }
        for scale in tensor.scales + tensor.inputScales where !scale.isFinite {
          throw invalid("\(what) has a scale that is not a finite number")
        }
      }
      guard tensor.isInRange else {
        let range = ElementType.int16Range
        throw invalid("\(what) has 16-bit integers outside of \(range.lowerBound) to \(range.upperBound)")
      }
      guard tensor.isFinite else { throw invalid("\(what) contains NaN or infinity") }
    }
  }

  private func text(_ dims: [Int]) -> String {
    var result = ""
    for dim in dims { result += (result.isEmpty ? "" : " x ") + "\(dim)" }
    return result.isEmpty ? "(none)" : result
  }

  private func invalid(_ what: String) -> GoogLeNetError {
    GoogLeNetError(.invalidModel, "\(source): \(what)")
  }
}
