@testable import GoogLeNet

/// Checks each layer of an int8 run by itself against the naive definition, given what the run says of the layers that it reads: right
/// to one unit of its output scale.
struct IntegerReference {
  private(set) var faults: [String] = []
  private let model: Model
  private let shapes: [Shape]
  /// The most that the rounding of biases to units of their accumulators, and of what is squared, moves each layer's output.
  private var slack: [Double] = []
  /// About how much each layer's output depends on what else is asked for: whether layers are joined decides whether what computes
  /// in float32 reads its input before or after it was rounded, and who else reads the pixels whether they are read as bytes.
  private var drift: [Double] = []
  /// How far each layer's output is beyond what its scale can hold.
  private var overflow: [Double] = []

  /// - Parameter layers: the outputs that the run gave; nil where it was not asked.
  init(_ model: Model, _ setting: RunSetting, _ planes: [Float], _ layers: [[Float]?]) {
    self.model = model
    let preprocessing = model.network.preprocessing
    shapes = (try? model.shapes(height: setting.height, width: setting.width)) ?? []
    let exact = ExactLayers(model)
    for (index, layer) in model.network.layers.enumerated() {
      let sources = model.inputs[index]
      slack.append(slack(of: index))
      drift.append(0)
      overflow.append(0)
      guard let got = layers[index] else { continue }
      // A layer that computes in float32 reads its input before it was rounded to the input's scale, all others after it.
      var inputs: (raw: [ReferenceNetwork.Value], rounded: [ReferenceNetwork.Value]) = ([], [])
      for source in sources {
        let shape = source < 0 ? model.inputShape(setting.height, setting.width) : shapes[source]
        guard let values = source < 0 ? planes : layers[source] else { break }
        let drift = source < 0 ? 0 : drift[source]
        let encoding = encoding(source)
        inputs.raw.append(ReferenceNetwork.Value(shape: shape, values: values.map(Double.init), noise: drift))
        let rounding = unit(encoding) / 2 + (source < 0 ? 0 : overflow[source])
        inputs.rounded.append(
          ReferenceNetwork.Value(shape: shape, values: rounded(values, encoding), noise: drift + rounding))
      }
      guard inputs.raw.count == sources.count else { continue }
      var candidates = [inputs.raw, inputs.rounded].map { ReferenceNetwork.run(layer.operation, $0, shapes[index]) }
      if !exact[index] { drift[index] = candidates[1].noise + slack[index] + unit(model.encodings[index]) }
      if case .convolution = layer.operation, isPixels(sources[0]) {
        // Where pixels are read as they are, their padding is the rounded mean.
        let outside = preprocessing.mean.indices.map { channel in
          let mean = Double(preprocessing.mean[channel])
          return (max(0, min(255, mean.rounded(.toNearestOrEven))) - mean) * Double(preprocessing.scale[channel])
        }
        let padded = ReferenceNetwork.run(layer.operation, inputs.raw, shapes[index], outside: outside)
        if !exact[index] {
          drift[index] += zip(padded.values, candidates[0].values).reduce(0) { max($0, abs($1.0 - $1.1)) }
        }
        candidates.append(padded)
      }
      if case .localResponseNormalization(let it) = layer.operation, it.size == 5,
        case .u16(let scale) = encoding(sources[0])
      {
        // Such a window adds up the squares of the upper 14 bits.
        let lost = Double(it.alphaOfElement) * 5 * 2 * 3 * Double(scale) * inputs.raw[0].largest / Double(it.k)
        slack[index] = Double(it.beta) * lost * candidates[0].largest
      }
      let limit = largest(model.encodings[index])
      overflow[index] = max(0, candidates[0].largest - limit)
      // What is asked for may have been rounded for the caller, but not for a layer that computes in float32.
      var unrounded = 0.0
      switch layer.operation {
      case .batchNormalization, .sum, .sigmoid, .prelu, .clippedReLU:
        unrounded = candidates[1].noise - candidates[0].noise
      default: break
      }
      // Multipliers are float32 products of a few scales.
      let tolerance =
        unrounded + unit(model.encodings[index]) * 1.001 + 2 * slack[index]
        + 10 * candidates[0].noise + 1e-5 * candidates[0].largest + 1e-7
      for (position, value) in got.enumerated() {
        let value = Double(value)
        let isRight = candidates.contains {
          abs(value - $0.values[position]) <= tolerance || abs(value - min(limit, $0.values[position])) <= tolerance
        }
        guard isRight else {
          faults.append(
            "\(setting): layer \(layer.name) has \(value) instead of \(candidates.map { $0.values[position] }) ± \(tolerance)"
          )
          break
        }
      }
    }
  }

  /// Whether it is the network's input, dropouts aside.
  private func isPixels(_ layer: Int) -> Bool {
    guard layer >= 0 else { return true }
    guard case .dropout = model.network.layers[layer].operation else { return false }
    return isPixels(model.inputs[layer][0])
  }

  /// Of a layer's output, or of the network's input.
  private func encoding(_ layer: Int) -> ActivationEncoding { layer < 0 ? .float32 : model.encodings[layer] }

  private func unit(_ encoding: ActivationEncoding) -> Double {
    switch encoding {
    case .float32: 0
    case .u8(let scale), .u16(let scale): Double(scale)
    }
  }

  private func largest(_ encoding: ActivationEncoding) -> Double {
    switch encoding {
    case .float32: .infinity
    case .u8(let scale): 255 * Double(scale)
    case .u16(let scale): 65535 * Double(scale)
    }
  }

  /// As the library rounds: by a multiplication in float32.
  private func rounded(_ values: [Float], _ encoding: ActivationEncoding) -> [Double] {
    let (scale, most): (Float, Float)
    switch encoding {
    case .float32: return values.map(Double.init)
    case .u8(let it): (scale, most) = (it, 255)
    case .u16(let it): (scale, most) = (it, 65535)
    }
    return values.map { Double(max(0, min(most, ($0 * (1 / scale)).rounded(.toNearestOrEven)))) * Double(scale) }
  }

  private func slack(of index: Int) -> Double {
    let source = model.inputs[index][0]
    let input: Double
    if isPixels(source) {
      input = model.network.preprocessing.scale.reduce(0) { max($0, Double(abs($1))) }
    } else {
      input = unit(model.encodings[source])
    }
    func largest(_ weights: Tensor) -> Double {
      let inputScale = weights.inputScales.reduce(weights.inputScales.isEmpty ? 1 : 0) { max($0, abs($1)) }
      return weights.scales.reduce(0) { max($0, Double(abs($1))) } * Double(inputScale)
    }
    switch model.network.layers[index].operation {
    case .convolution(let it): return input * largest(it.weights)
    case .innerProduct(let it): return input * largest(it.weights)
    case .batchNormalization(let it):
      let gain = it.affine(channels: shapes[index].channels).scale.reduce(0) { max($0, Double(abs($1))) }
      return source < 0 ? 0 : slack[source] * gain
    case .relu, .dropout: return source < 0 ? 0 : slack[source]
    default: return 0
    }
  }
}
