/// Reads every trained value of a network whose names, shapes and encodings are right, each once, and refuses what no float32 or
/// int8 kernel could compute with: NaN, infinity, and what becomes infinite when batch normalizations are folded.
struct ValueValidator {
  private let source: String
  private let network: Network
  private let inputs: [[Int]]
  private let encodings: [ActivationEncoding]
  private let isQuantized: Bool
  /// For each layer the only one that reads it; −1 where there is none, or several.
  private var onlyReader: [Int]
  private var isRead: [Bool]
  /// Bytes of tensors that were read.
  private(set) var bytesRead = 0

  init(_ network: Network, inputs: [[Int]], encodings: [ActivationEncoding], source: String) {
    self.network = network
    self.inputs = inputs
    self.encodings = encodings
    self.source = source
    isQuantized = encodings.contains { $0 != .float32 }
    onlyReader = [Int](repeating: -1, count: network.layers.count)
    isRead = [Bool](repeating: false, count: network.layers.count)
    for (reader, producers) in inputs.enumerated() {
      for producer in producers where producer >= 0 {
        onlyReader[producer] = isRead[producer] ? -1 : reader
        isRead[producer] = true
      }
    }
    for index in isRead.indices { isRead[index] = false }
  }

  mutating func validate() throws(GoogLeNetError) {
    for index in network.layers.indices {
      let operation = network.layers[index].operation
      let traits = operation.traits
      if let weights = traits.weights {
        try validate(index, weights, traits.bias)
      } else if let normalization = traits.normalization {
        guard !isRead[index], !normalization.isIdentity else { continue }
        let own = try affine(index, normalization)
        _ = try follow(index, from: own)
      } else {
        for (field, tensor) in operation.tensors { _ = try values(of: tensor, field, index) }
      }
    }
  }

  /// A convolution or inner product, with the batch normalizations that are folded into it.
  private mutating func validate(_ index: Int, _ weights: Tensor, _ bias: Tensor?) throws(GoogLeNetError) {
    let magnitudes = try self.magnitudes(of: weights, index)
    let biases = try bias.map { (bias) throws(GoogLeNetError) in try values(of: bias, "bias", index) }
    let (affine, last) = try follow(index, from: nil)
    let unit = inputUnit(index, weights)
    let lastUnit = outputUnit(last)
    for channel in magnitudes.indices {
      let factor = affine?.scale[channel] ?? 1
      guard (magnitudes[channel] * factor).isFinite else {
        throw fault(index, "its weights, scaled, are beyond float32")
      }
      let start = (biases?[channel] ?? 0) * factor + (affine?.shift[channel] ?? 0)
      guard start.isFinite else {
        throw fault(index, "its bias is beyond float32 with the batch normalization after it")
      }
      guard let unit else { continue }
      // Kernels multiply their sums by this, and what does not get through is replaced by the bias alone.
      let step = Double(unit) * Double(weights.scales[channel]) * Double(factor)
      for output in [1, lastUnit] {
        guard Float(step / Double(output)).isFinite, step != 0 || Float(Double(start) / Double(output)).isFinite else {
          throw fault(index, "its scales, from a unit of \(unit) to one of \(output), are beyond float32")
        }
      }
    }
  }

  /// What a step of the integers that a layer reads means; nil where it computes in float32.
  private func inputUnit(_ index: Int, _ weights: Tensor) -> Float? {
    guard isQuantized, weights.elementType.isInteger else { return nil }
    var producer = inputs[index][0]
    while producer >= 0, network.layers[producer].operation.traits.isAlias { producer = inputs[producer][0] }
    guard producer >= 0 else { return network.preprocessing.scale[0] * (weights.inputScales.first ?? 1) }
    guard case .u8(let scale) = encodings[producer] else { return nil }
    return scale
  }

  /// The unit in which a ReLU after this layer stores it; 1 for float32.
  private func outputUnit(_ index: Int) -> Float {
    let reader = onlyReader[index]
    guard reader >= 0, network.layers[reader].operation.traits.isRectifier else { return 1 }
    switch encodings[reader] {
    case .float32: return 1
    case .u8(let scale), .u16(let scale): return scale
    }
  }

  // MARK: Batch normalizations

  /// Joins the batch normalizations that follow a layer and that it can take over.
  /// - Returns: what they do together, and the last layer of the chain.
  private mutating func follow(_ index: Int, from first: (scale: [Float], shift: [Float])?) throws(GoogLeNetError)
    -> (affine: (scale: [Float], shift: [Float])?, last: Int)
  {
    var joined = first
    var last = index
    while onlyReader[last] >= 0 {
      let reader = onlyReader[last]
      let traits = network.layers[reader].operation.traits
      if let normalization = traits.normalization {
        if !normalization.isIdentity {
          let composed = ChannelAffine.compose(joined, try affine(reader, normalization))
          try checkFinite(composed, reader)
          joined = composed
        }
      } else if !traits.isAlias {
        break
      }
      last = reader
    }
    return (joined, last)
  }

  /// What a batch normalization does, from its values.
  private mutating func affine(_ index: Int, _ it: BatchNormalization) throws(GoogLeNetError)
    -> (scale: [Float], shift: [Float])
  {
    isRead[index] = true
    let mean = try it.mean.map { (mean) throws(GoogLeNetError) in try values(of: mean, "mean", index) }
    let variance = try it.variance.map { (it) throws(GoogLeNetError) in try values(of: it, "variance", index) }
    let scale = try it.scale.map { (scale) throws(GoogLeNetError) in try values(of: scale, "scale", index) }
    let shift = try it.shift.map { (shift) throws(GoogLeNetError) in try values(of: shift, "shift", index) }
    for value in variance ?? [] where value + it.epsilon <= 0 {
      throw fault(index, "a variance of \(value) with epsilon \(it.epsilon) has no square root above 0")
    }
    let channels = (mean ?? scale ?? shift ?? []).count
    let affine = it.affine(channels: channels, mean: mean, variance: variance, scale: scale, shift: shift)
    try checkFinite(affine, index)
    return affine
  }

  private func checkFinite(_ affine: (scale: [Float], shift: [Float]), _ index: Int) throws(GoogLeNetError) {
    for channel in affine.scale.indices where !affine.scale[channel].isFinite || !affine.shift[channel].isFinite {
      throw fault(
        index,
        "with the batch normalizations before it, it scales channel \(channel) by \(affine.scale[channel]) and adds "
          + "\(affine.shift[channel])")
    }
  }

  // MARK: Values

  /// For each output channel the largest magnitude of its weights, scaled.
  private mutating func magnitudes(of weights: Tensor, _ index: Int) throws(GoogLeNetError) -> [Float] {
    let rows = weights.dims[0]
    let inner = weights.count / rows
    var inputScale: Float = 1
    if let first = weights.inputScales.first {
      inputScale = weights.inputScales.reduce(abs(first)) { max($0, abs($1)) }
    }
    var magnitudes = [Float](repeating: 0, count: rows)
    for row in 0..<rows {
      let largest = try magnitude(of: weights, row * inner..<(row + 1) * inner, "weights", index)
      magnitudes[row] = weights.elementType.isInteger ? largest * abs(weights.scales[row]) * inputScale : largest
    }
    return magnitudes
  }

  /// The values of a vector, scaled.
  private mutating func values(of tensor: Tensor, _ field: StaticString, _ index: Int) throws(GoogLeNetError) -> [Float]
  {
    if tensor.elementType == .int16 { _ = try magnitude(of: tensor, 0..<tensor.count, field, index) }
    let values = tensor.floats()
    bytesRead += tensor.bytes.count
    for value in values where !value.isFinite { throw notFinite(field, index) }
    return values
  }

  private mutating func magnitude(
    of tensor: Tensor, _ range: Range<Int>, _ field: StaticString, _ index: Int
  ) throws(GoogLeNetError) -> Float {
    let largest = tensor.largestMagnitude(range)
    bytesRead += range.count * tensor.elementType.size
    guard largest.isFinite else { throw notFinite(field, index) }
    let allowed = ElementType.int16Range
    guard tensor.elementType != .int16 || largest <= Float(allowed.upperBound) else {
      throw GoogLeNetError(
        .invalidModel,
        "\(source): layer '\(network.layers[index].name)': \(field) has 16-bit integers outside of \(allowed.lowerBound) to \(allowed.upperBound)"
      )
    }
    return largest
  }

  private func notFinite(_ field: StaticString, _ index: Int) -> GoogLeNetError {
    GoogLeNetError(
      .invalidModel, "\(source): layer '\(network.layers[index].name)': \(field) contains NaN or infinity")
  }

  private func fault(_ index: Int, _ what: String) -> GoogLeNetError {
    GoogLeNetError(.invalidModel, "\(source): layer '\(network.layers[index].name)': \(what)")
  }
}
