@testable import GoogLeNet

/// Which outputs of an int8 model have the same bits on every tier: those that integers alone lead to. Others pass through
/// float32 sums, whose order and rounding differ between tiers.
struct ExactLayers {
  private let model: Model
  private var readsPixels = false
  private var isExact: [Bool] = []
  /// The layer, after dropouts, that each one stands for; −1 is the network's input.
  private var origins: [Int] = []
  private var readers: [Int: Int] = [:]

  init(_ model: Model) {
    self.model = model
    var origins: [Int] = []
    var readers: [Int: Int] = [:]
    for (index, layer) in model.network.layers.enumerated() {
      let sources = model.inputs[index].map { $0 < 0 ? -1 : origins[$0] }
      if case .dropout = layer.operation {
        origins.append(sources[0])
      } else {
        origins.append(index)
        for source in sources { readers[source, default: 0] += 1 }
      }
    }
    self.origins = origins
    self.readers = readers
    let reading = model.network.layers.indices.filter { index in
      if case .dropout = model.network.layers[index].operation { return false }
      return model.inputs[index].contains { $0 < 0 || origins[$0] < 0 }
    }
    readsPixels = reading.allSatisfy { convolution($0)?.canReadPixels(model.network.preprocessing) == true }
    for index in model.network.layers.indices { isExact.append(decide(index)) }
  }

  subscript(_ layer: Int) -> Bool { isExact[layer] }

  /// The layer as a convolution.
  private func convolution(_ index: Int) -> GraphNode.Convolution? {
    let preprocessing = model.network.preprocessing
    let input = model.inputs[index][0]
    let shape =
      input < 0 ? model.inputShape(preprocessing.inputHeight, preprocessing.inputWidth) : model.shapes[input]
    guard case .node(.convolution(let it)) = model.network.layers[index].operation.form(inputs: [shape]) else {
      return nil
    }
    return it
  }

  private func decide(_ index: Int) -> Bool {
    let inputs = model.inputs[index].map { $0 < 0 ? -1 : origins[$0] }
    let input = inputs[0]
    let isExactInput = input >= 0 && isExact[input]
    var bytes = false
    if input >= 0, case .u8 = model.encodings[input] { bytes = true }
    switch model.network.layers[index].operation {
    case .convolution, .innerProduct:
      return input < 0 ? readsPixels : bytes && isExactInput && convolution(index)?.isInteger == true
    case .pooling(let it): return isExactInput && (it.method == .max || bytes)
    case .localResponseNormalization(let it):
      guard isExactInput, case .u16 = model.encodings[input], case .u8 = model.encodings[index] else { return false }
      return it.beta == ActivationEncoding.normalizationBeta
    case .batchNormalization: return isExactInput && isFused(input)
    case .relu, .dropout, .softmax, .sigmoid, .prelu, .clippedReLU: return isExactInput
    case .concat, .sum: return inputs.allSatisfy { $0 >= 0 && isExact[$0] }
    }
  }

  /// Whether a batch normalization of it is folded into a convolution: nothing else reads the output in between.
  private func isFused(_ layer: Int) -> Bool {
    guard readers[layer] == 1 else { return false }
    switch model.network.layers[layer].operation {
    case .convolution, .innerProduct: return true
    case .batchNormalization:
      let input = model.inputs[layer][0]
      return input >= 0 && isFused(origins[input])
    default: return false
    }
  }
}
