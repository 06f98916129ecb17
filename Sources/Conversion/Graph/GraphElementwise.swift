import GoogLeNet

/// What is computed of values at the same place, and what the formats call it.
enum GraphElementwise {
  case relu
  /// min(max(x, 0), maximum)
  case clippedReLU(maximum: Float)
  /// x where x > 0, x × slope elsewhere. The slope is the first of the numbers called so that the node has.
  case leakyReLU(slope: [String], otherwise: Float)
  /// The same with trained slopes.
  case parametricReLU
  /// The class of Keras, all of whose numbers are optional.
  case rectifier
  /// Between two bounds, which are numbers of the node or its further inputs.
  case clip
  case sigmoid
  case sum

  static let onnx: [String: GraphElementwise] = [
    "Relu": .relu, "Clip": .clip, "LeakyRelu": .leakyReLU(slope: ["alpha"], otherwise: 0.01), "PRelu": .parametricReLU,
    "Sigmoid": .sigmoid, "Sum": .sum,
  ]
  static let tensorFlow: [String: GraphElementwise] = [
    "Relu": .relu, "Relu6": .clippedReLU(maximum: 6), "LeakyRelu": .leakyReLU(slope: ["alpha"], otherwise: 0.2),
    "Sigmoid": .sigmoid, "AddN": .sum,
  ]
  static let tfLite: [String: GraphElementwise] = [
    "RELU": .relu, "RELU6": .clippedReLU(maximum: 6), "LEAKY_RELU": .leakyReLU(slope: ["alpha"], otherwise: 0),
    "PRELU": .parametricReLU, "LOGISTIC": .sigmoid, "ADD_N": .sum,
  ]
  /// Its classes. Keras 2 calls the slope alpha.
  static let keras: [String: GraphElementwise] = [
    "ReLU": .rectifier, "LeakyReLU": .leakyReLU(slope: ["negative_slope", "alpha"], otherwise: 0.3),
    "PReLU": .parametricReLU, "Add": .sum,
  ]
  /// What its layers call their own activations.
  static let kerasActivations: [String: GraphElementwise] = [
    "relu": .relu, "relu6": .clippedReLU(maximum: 6), "leaky_relu": .leakyReLU(slope: [], otherwise: 0.2),
    "sigmoid": .sigmoid,
  ]
  static let caffe: [String: GraphElementwise] = [
    "ReLU": .leakyReLU(slope: ["negative_slope"], otherwise: 0), "PReLU": .parametricReLU, "Sigmoid": .sigmoid,
    "Eltwise": .sum,
  ]

  /// What ONNX calls an operation that has nothing but inputs; nil for others.
  static func onnxName(of operation: Operation) -> String? {
    switch operation {
    case .relu: "Relu"
    case .sigmoid: "Sigmoid"
    case .sum: "Sum"
    default: nil
    }
  }

  /// Whether it may read several values.
  var joins: Bool {
    if case .sum = self { return true }
    return false
  }
}
