import GoogLeNet

/// A function of each value by itself, and what the formats call those that need no number of the node.
enum GraphFunction {
  case relu
  /// min(max(x, 0), maximum)
  case clippedReLU(maximum: Float)
  /// x where x > 0, x × slope elsewhere
  case leakyReLU(slope: Float)
  case sigmoid

  static let onnx: [String: GraphFunction] = ["Relu": .relu, "Sigmoid": .sigmoid]
  static let tensorFlow: [String: GraphFunction] = [
    "Relu": .relu, "Relu6": .clippedReLU(maximum: 6), "Sigmoid": .sigmoid,
  ]
  static let tfLite: [String: GraphFunction] = [
    "RELU": .relu, "RELU6": .clippedReLU(maximum: 6), "LOGISTIC": .sigmoid,
  ]
  /// Of `Activation` layers and of others' own activations.
  static let keras: [String: GraphFunction] = [
    "relu": .relu, "relu6": .clippedReLU(maximum: 6), "leaky_relu": .leakyReLU(slope: 0.2), "sigmoid": .sigmoid,
  ]
  static let caffe: [String: GraphFunction] = ["Sigmoid": .sigmoid]

  /// What keeps values from `minimum` to `maximum`; nil where that is none of these functions.
  init?(clippingTo minimum: Float, _ maximum: Float) {
    guard minimum == 0, maximum > 0 else { return nil }
    self = maximum >= .greatestFiniteMagnitude ? .relu : .clippedReLU(maximum: maximum)
  }

  /// x where x > 0, x × slope elsewhere, which is a plain ReLU without a slope.
  init(slope: Float) {
    self = slope == 0 ? .relu : .leakyReLU(slope: slope)
  }

  func operation(_ budget: ValueBudget) throws(GoogLeNetError) -> Operation {
    switch self {
    case .relu: .relu
    case .clippedReLU(let maximum): .clippedReLU(ClippedReLU(maximum: maximum))
    case .leakyReLU(let slope): .prelu(PReLU(slopes: try Tensor([slope], dims: [1], budget)))
    case .sigmoid: .sigmoid
    }
  }
}
