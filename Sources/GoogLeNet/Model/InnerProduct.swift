/// A fully connected layer over the input flattened channel by channel.
public struct InnerProduct {
  /// (outputs, inputs)
  public var weights: Tensor
  /// (outputs)
  public var bias: Tensor?

  public init(weights: Tensor, bias: Tensor? = nil) {
    self.weights = weights
    self.bias = bias
  }
}
