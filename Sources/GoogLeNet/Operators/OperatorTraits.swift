/// What rules that look at several layers need to know of an operator.
public struct OperatorTraits {
  enum Sign {
    case any
    /// Never below 0.
    case nonNegative
    /// Never below 0 where no input is.
    case asInputs
  }

  /// Whose output scale the output takes over, for it holds the same values.
  public enum Inheritance: Sendable {
    case nothing
    case input
    /// That of all inputs, which must be the same.
    case inputs
  }

  let sign: Sign
  public internal(set) var inheritance = Inheritance.nothing
  /// The oldest major version of model files that can say it.
  var formatMajor: UInt32 = 1
  /// Whether it is another name for what it reads.
  var isAlias = false
  /// Whether an integer convolution before it may store the output for it.
  public internal(set) var isRectifier = false
  /// Whether what it stores for an integer convolution has 16 bits where all readers take them.
  public internal(set) var writesWide = false
  /// Whether it takes 16 bits where it stores its own output.
  public internal(set) var readsWide = false
  /// Whether it computes from bytes where its input is stored as such, whatever its own output is stored as.
  public internal(set) var readsBytes = false
  /// Whether quantizing a network leaves its output in float32.
  public internal(set) var staysFloat = false
  /// Whether its kernel multiplies by the ratio of its input's and its output's scale.
  var usesScaleRatio = false
  /// Of a convolution or inner product.
  public internal(set) var weights: Tensor?
  public internal(set) var bias: Tensor?
  /// How many convolutions it is.
  var groups = 0
  /// Whether its weights may have input scales where it reads pixels.
  var mayHaveInputScales = false
  /// What can be folded into weights before it.
  var normalization: BatchNormalization?

  init(sign: Sign) {
    self.sign = sign
  }
}
