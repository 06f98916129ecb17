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
    func present(_ fields: [(StaticString, Tensor?)]) -> [(field: StaticString, tensor: Tensor)] {
      var found: [(field: StaticString, tensor: Tensor)] = []
      for (field, tensor) in fields {
        if let tensor { found.append((field, tensor)) }
      }
      return found
    }
    switch self {
    case .convolution(let it): return present([("weights", it.weights), ("bias", it.bias)])
    case .innerProduct(let it): return present([("weights", it.weights), ("bias", it.bias)])
    case .batchNormalization(let it):
      return present([("mean", it.mean), ("variance", it.variance), ("scale", it.scale), ("shift", it.shift)])
    case .pooling, .localResponseNormalization, .relu, .concat, .dropout, .softmax: return []
    }
  }
}
