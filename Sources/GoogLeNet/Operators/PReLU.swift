import CKernels

/// y = x where x > 0, x × slope elsewhere.
public struct PReLU {
  /// (channels), or (1) for one slope in all of them
  public var slopes: Tensor

  public init(slopes: Tensor) {
    self.slopes = slopes
  }
}

extension PReLU: Operator {
  static let kind: StaticString = "PReLU"
  static let fieldNumber: UInt64 = 27

  init(_ it: PReLU?, in message: inout some OperatorMessage) throws(GoogLeNetError) {
    guard let slopes = try message.tensor(1, "slopes", it?.slopes) else { throw message.invalid("has no slopes") }
    self.slopes = slopes
  }

  func forEachTensor<Failure>(_ body: (StaticString, Tensor) throws(Failure) -> Void) throws(Failure) {
    try body("slopes", slopes)
  }

  var traits: OperatorTraits {
    var traits = OperatorTraits(sign: .asInputs)
    traits.formatMajor = 3
    return traits
  }

  func shape(of inputs: [Shape], _ check: LayerCheck) throws(GoogLeNetError) -> Shape {
    guard slopes.dims == [1] || slopes.dims == [inputs[0].channels] else {
      throw check.fault("its slopes must have one dimension of 1 or \(inputs[0].channels) values, not \(slopes.count)")
    }
    return inputs[0]
  }

  func form(inputs: [Shape]) -> GraphForm {
    let channels = inputs[0].channels
    let values = slopes.floats()
    let all = values.count == channels ? values : [Float](repeating: values[0], count: channels)
    return .node(.kernel(ActivationKernel(GLN_PRELU, name: "PReLU", slopes: all)))
  }
}
