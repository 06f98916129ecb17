import CKernels

/// y = 1 / (1 + exp(−x))
struct Sigmoid: Operator {
  static let kind: StaticString = "Sigmoid"
  static let fieldNumber: UInt64 = 26

  init() {}

  init(_ it: Sigmoid?, in message: inout some OperatorMessage) throws(GoogLeNetError) {}

  var traits: OperatorTraits {
    var traits = OperatorTraits(sign: .nonNegative)
    traits.formatMajor = 3
    return traits
  }

  func shape(of inputs: [Shape], _ check: LayerCheck) throws(GoogLeNetError) -> Shape { inputs[0] }

  func form(inputs: [Shape]) -> GraphForm { .node(.kernel(ActivationKernel(GLN_SIGMOID, name: "sigmoid"))) }
}
