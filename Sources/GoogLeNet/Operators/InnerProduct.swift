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

extension InnerProduct: Operator {
  static let kind: StaticString = "InnerProduct"
  static let fieldNumber: UInt64 = 22

  init(_ it: InnerProduct?, in message: inout some OperatorMessage) throws(GoogLeNetError) {
    weights = try message.weights(1, it?.weights)
    bias = try message.tensor(2, "bias", it?.bias)
  }

  func forEachTensor<Failure>(_ body: (StaticString, Tensor) throws(Failure) -> Void) throws(Failure) {
    try body("weights", weights)
    if let bias { try body("bias", bias) }
  }

  var traits: OperatorTraits {
    var traits = OperatorTraits(sign: .any)
    traits.weights = weights
    traits.bias = bias
    return traits
  }

  func shape(of inputs: [Shape], _ check: LayerCheck) throws(GoogLeNetError) -> Shape {
    let input = inputs[0]
    let dims = weights.dims
    guard dims.count == 2 else { throw check.fault("its weights have \(dims.count) dimensions instead of 2") }
    guard dims[0] <= NetworkValidator.channelLimit else { throw check.fault("it has \(dims[0]) outputs") }
    guard dims[1] == input.count else {
      throw check.unsupported(
        "its weights are for \(dims[1]) inputs, but it gets \(check.text(input)) = \(input.count)")
    }
    guard input.height <= NetworkValidator.windowLimit, input.width <= NetworkValidator.windowLimit else {
      throw check.fault("an inner product over \(check.text(input)) is not supported")
    }
    if let bias { try check.checkVector(bias, "bias", dims[0]) }
    return Shape(channels: dims[0], height: 1, width: 1)
  }

  func work(input: Shape, inputCount: Int, output: Shape) -> OperatorWork {
    OperatorWork(multiplyAdds: UInt64(weights.count))
  }

  func form(inputs: [Shape]) -> GraphForm {
    .node(
      .convolution(
        GraphNode.Convolution(
          weights: weights, bias: bias, inputChannels: inputs[0].channels, outputChannels: weights.dims[0],
          kernelHeight: inputs[0].height, kernelWidth: inputs[0].width)))
  }
}
