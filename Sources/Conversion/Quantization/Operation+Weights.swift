import GoogLeNet

extension Operation {
  /// The weights of a convolution or inner product; nil for all other operations, and cannot be set on them.
  var weights: Tensor? {
    get {
      switch self {
      case .convolution(let it): it.weights
      case .innerProduct(let it): it.weights
      default: nil
      }
    }
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
    get {
      switch self {
      case .convolution(let it): it.bias
      case .innerProduct(let it): it.bias
      default: nil
      }
    }
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

  var isConcatenation: Bool {
    if case .concat = self { true } else { false }
  }
}
