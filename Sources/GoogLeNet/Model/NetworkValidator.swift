/// Checks everything that the engine relies on afterwards without asking: names, order, shapes, encodings, and then the values
/// of all tensors. The limits keep every product that the engine computes within 63 bits.
struct NetworkValidator {
  static let channelLimit = 1 << 16
  static let windowLimit = 1024
  static let pixelLimit = 1 << 26
  /// The most that a convolution's padding may have beyond what reaches the picture.
  static let idlePaddingLimit = 64

  /// How errors name the model.
  let source: String
  private var indices: [ByteText: Int] = [:]

  /// What the rest of the core wants to know of a valid network.
  struct Result {
    /// For each layer the indices of the layers that it reads; −1 is the network's input.
    let inputs: [[Int]]
    let indices: [ByteText: Int]
    /// At the network's own input size.
    let shapes: [Shape]
    /// How each layer's output is stored.
    let encodings: [ActivationEncoding]
    /// Bytes of tensors that were read.
    let valueBytes: Int
  }

  init(source: String) {
    self.source = source
  }

  /// Checks a network, its shapes at its own input size included.
  mutating func validate(_ network: Network) throws(GoogLeNetError) -> Result {
    try checkHeader(network)
    try checkLimits(network)
    let inputs = try resolveInputs(of: network)
    for index in network.layers.indices { try checkTensors(of: network.layers[index], reads: inputs[index]) }
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
    var values = ValueValidator(network, inputs: inputs, encodings: encodings, source: source)
    try values.validate()
    return Result(
      inputs: inputs, indices: indices, shapes: shapes, encodings: encodings, valueBytes: values.bytesRead)
  }

  private func checkHeader(_ network: Network) throws(GoogLeNetError) {
    let preprocessing = network.preprocessing
    guard !network.layers.isEmpty else { throw invalid("it has no layers") }
    guard !network.inputName.isEmpty else { throw invalid("input_name is empty") }
    guard 1...SessionOptions.inputSizeLimit ~= preprocessing.inputHeight,
      1...SessionOptions.inputSizeLimit ~= preprocessing.inputWidth
    else {
      throw invalid(
        "the input is \(preprocessing.inputHeight) x \(preprocessing.inputWidth): each side must be 1 to \(SessionOptions.inputSizeLimit)"
      )
    }
    guard max(preprocessing.inputHeight, preprocessing.inputWidth)...ModelLimits.pictureSide ~= preprocessing.shortSide
    else {
      throw invalid(
        "preprocessing.short_side is \(preprocessing.shortSide): it must be at least the input's longer side and at most \(ModelLimits.pictureSide)"
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
    for (mean, scale) in zip(preprocessing.mean, preprocessing.scale) {
      guard scale.isNormal else { throw invalid("preprocessing has a scale of \(scale): it must be a normal number") }
      guard ((0 - mean) * scale).isFinite, ((255 - mean) * scale).isFinite else {
        throw invalid("preprocessing makes pixels infinite: (pixel - \(mean)) x \(scale) is beyond float32")
      }
    }
  }

  private func checkLimits(_ network: Network) throws(GoogLeNetError) {
    try ModelLimits.check(network.layers.count, atMost: ModelLimits.layers, "layers", source: source)
    try ModelLimits.check(network.labels.count, atMost: ModelLimits.labels, "labels", source: source)
    var inputs = 0
    var groups = 0
    var texts = TextBudget(source: source)
    try texts.add(network.name.utf8.count, "the name")
    try texts.add(network.producer.utf8.count, "the producer")
    try texts.add(network.inputName.utf8.count, "input_name")
    for (index, label) in network.labels.enumerated() { try texts.add(label.utf8.count, "label", index) }
    try MetadataEntry.check(network.metadata, &texts)
    // By index: copies of layers would take most of the time.
    for index in network.layers.indices {
      try texts.add(network.layers[index].name.utf8.count, "the name of layer", index)
      inputs += network.layers[index].inputs.count
      try ModelLimits.check(inputs, atMost: ModelLimits.inputs, "inputs of layers", source: source)
      for place in network.layers[index].inputs.indices {
        try texts.add(network.layers[index].inputs[place].utf8.count, "input", place, of: network.layers[index].name)
      }
      // What is no number of groups at all is refused with the shapes.
      groups += min(max(network.layers[index].operation.traits.groups, 0), NetworkValidator.channelLimit)
      try ModelLimits.check(groups, atMost: ModelLimits.groups, "groups of convolutions", source: source)
    }
  }

  /// Finds the layers that each layer reads, and fills `indices`.
  private mutating func resolveInputs(of network: Network) throws(GoogLeNetError) -> [[Int]] {
    let inputName = ByteText(network.inputName)
    indices.reserveCapacity(network.layers.count)
    var inputs: [[Int]] = []
    inputs.reserveCapacity(network.layers.count)
    for index in network.layers.indices {
      let (name, reads) = (network.layers[index].name, network.layers[index].inputs)
      guard !name.isEmpty else { throw invalid("layer \(index) has no name") }
      var sources: [Int] = []
      sources.reserveCapacity(reads.count)
      for input in reads {
        let key = ByteText(input)
        if key == inputName {
          sources.append(-1)
        } else if let producer = indices[key] {
          sources.append(producer)
        } else {
          throw invalid("layer '\(name)' reads '\(input)', which no earlier layer makes")
        }
      }
      let key = ByteText(name)
      guard key != inputName, indices.updateValue(index, forKey: key) == nil else {
        throw invalid("layer \(index) is called '\(name)', as something before it is")
      }
      inputs.append(sources)
    }
    return inputs
  }

  /// Checks dimensions, lengths and scales, without a look at the values.
  private func checkTensors(of layer: Layer, reads inputs: [Int]) throws(GoogLeNetError) {
    try layer.operation.forEachTensor { (field, tensor) throws(GoogLeNetError) in
      func invalid(_ what: String) -> GoogLeNetError { self.invalid("layer '\(layer.name)': \(field) \(what)") }
      var count = 1
      for dim in tensor.dims {
        guard dim > 0, dim <= 1 << 28, count <= (1 << 31) / dim else {
          throw invalid("has dimensions \(text(tensor.dims)): zero or too large")
        }
        count *= dim
      }
      guard tensor.bytes.count == count * tensor.elementType.size else {
        throw invalid(
          "has \(tensor.bytes.count) bytes; dimensions \(text(tensor.dims)) need \(count * tensor.elementType.size)")
      }
      guard tensor.elementType.isInteger else {
        guard tensor.scales.isEmpty, tensor.inputScales.isEmpty else {
          throw invalid("has scales, which only integers have")
        }
        return
      }
      guard tensor.dims.count > 0, tensor.scales.count == tensor.dims[0] else {
        throw invalid("has \(tensor.scales.count) scales for \(tensor.dims.first ?? 0) output channels")
      }
      // Zero and subnormal ones mean the same everywhere: their products with integers are as exact as others in float32, and
      // multipliers of integer kernels are computed in float64 where float32 would lose digits.
      for scale in tensor.scales where !scale.isFinite {
        throw invalid("has a scale of \(scale): it must be a finite number")
      }
      guard !tensor.inputScales.isEmpty else { return }
      // Integer kernels read them of pixels only: elsewhere they would count in float32 and not in int8.
      guard layer.operation.traits.mayHaveInputScales, inputs == [-1] else {
        throw invalid("has input scales, which only the weights of a convolution of the network's input may have")
      }
      guard tensor.dims.count > 1, tensor.inputScales.count == tensor.dims[1] else {
        throw invalid(
          "has \(tensor.inputScales.count) input scales for \(tensor.dims.count > 1 ? tensor.dims[1] : 0) input channels"
        )
      }
      for scale in tensor.inputScales where !scale.isNormal {
        throw invalid("has an input scale of \(scale): it must be a normal number")
      }
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
