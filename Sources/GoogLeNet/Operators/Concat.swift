/// Its inputs' channels, one after another.
struct Concat: Operator {
  static let kind: StaticString = "Concat"
  static let fieldNumber: UInt64 = 21
  static let inputCounts = 1...Int.max

  init() {}

  init(_ it: Concat?, in message: inout some OperatorMessage) throws(GoogLeNetError) {}

  var traits: OperatorTraits {
    var traits = OperatorTraits(sign: .asInputs)
    traits.inheritance = .inputs
    return traits
  }

  func shape(of inputs: [Shape], _ check: LayerCheck) throws(GoogLeNetError) -> Shape {
    var result = Shape(channels: 0, height: inputs[0].height, width: inputs[0].width)
    for input in inputs {
      guard input.height == result.height, input.width == result.width else {
        throw check.fault(
          "it joins \(check.text(inputs[0])) and \(check.text(input)), which differ in height or width")
      }
      result.channels += input.channels
      guard result.channels <= NetworkValidator.channelLimit else {
        throw check.fault("it makes more than \(NetworkValidator.channelLimit) channels")
      }
    }
    return result
  }

  func form(inputs: [Shape]) -> GraphForm { .concatenation }
}
