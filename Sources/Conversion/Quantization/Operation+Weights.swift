import GoogLeNet

extension Operation {
  /// The weights of a convolution or inner product; nil for all other operations, and cannot be set on them.
  var weights: Tensor? {
    get { traits.weights }
    set {
      guard let newValue else { return }
      switch self {
      case .convolution(var it):
        it.weights = newValue
        self = .convolution(it)
      case .innerProduct(var it):
        it.weights = newValue
        self = .innerProduct(it)
      default: break
      }
    }
  }

  /// The bias of a convolution or inner product.
  var bias: Tensor? {
    get { traits.bias }
    set {
      switch self {
      case .convolution(var it):
        it.bias = newValue
        self = .convolution(it)
      case .innerProduct(var it):
        it.bias = newValue
        self = .innerProduct(it)
      default: break
      }
    }
  }
}
