/// The identity at inference.
struct Dropout: Operator {
  static let kind: StaticString = "Dropout"
  static let fieldNumber: UInt64 = 23

  init() {}

  init(_ it: Dropout?, in message: inout some OperatorMessage) throws(GoogLeNetError) {}

  var traits: OperatorTraits {
    var traits = OperatorTraits(sign: .asInputs)
    traits.inheritance = .input
    traits.isAlias = true
    return traits
  }

  func shape(of inputs: [Shape], _ check: LayerCheck) throws(GoogLeNetError) -> Shape { inputs[0] }

  func form(inputs: [Shape]) -> GraphForm { .alias }
}
