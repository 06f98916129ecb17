/// What a layer computes.
public enum Operation {
  case convolution(Convolution)
  case pooling(Pooling)
  case localResponseNormalization(LocalResponseNormalization)
  case batchNormalization(BatchNormalization)
  case relu
  case concat
  case innerProduct(InnerProduct)
  case dropout
  case softmax

  /// The name that users see.
  public var kind: StaticString {
    switch self {
    case .convolution: "Convolution"
    case .pooling: "Pooling"
    case .localResponseNormalization: "LocalResponseNormalization"
    case .batchNormalization: "BatchNormalization"
    case .relu: "ReLU"
    case .concat: "Concat"
    case .innerProduct: "InnerProduct"
    case .dropout: "Dropout"
    case .softmax: "Softmax"
    }
  }

  /// The trained tensors, each with the name of its field.
  public var tensors: [(field: StaticString, tensor: Tensor)] {
    var found: [(field: StaticString, tensor: Tensor)] = []
    forEachTensor { found.append(($0, $1)) }
    return found
  }

  /// Calls `body` with each trained tensor and the name of its field.
  public func forEachTensor<Failure>(_ body: (StaticString, Tensor) throws(Failure) -> Void) throws(Failure) {
    switch self {
    case .convolution(let it):
      try body("weights", it.weights)
      if let bias = it.bias { try body("bias", bias) }
    case .innerProduct(let it):
      try body("weights", it.weights)
      if let bias = it.bias { try body("bias", bias) }
    case .batchNormalization(let it):
      if let mean = it.mean { try body("mean", mean) }
      if let variance = it.variance { try body("variance", variance) }
      if let scale = it.scale { try body("scale", scale) }
      if let shift = it.shift { try body("shift", shift) }
    case .pooling, .localResponseNormalization, .relu, .concat, .dropout, .softmax: break
    }
  }
}
