/// y = max(x, 0)
struct ReLU: Operator {
  static let kind: StaticString = "ReLU"
  static let fieldNumber: UInt64 = 20

  init() {}

  init(_ it: ReLU?, in message: inout some OperatorMessage) throws(GoogLeNetError) {}

  var traits: OperatorTraits {
    var traits = OperatorTraits(sign: .nonNegative)
    traits.inheritance = .input
    traits.isRectifier = true
    traits.writesWide = true
    return traits
  }

  func shape(of inputs: [Shape], _ check: LayerCheck) throws(GoogLeNetError) -> Shape { inputs[0] }

  func form(inputs: [Shape]) -> GraphForm { .node(.kernel(AffineKernel(minimum: 0))) }

  func fuse(into node: inout GraphNode.Kind, _ place: FusionPlace) -> Bool { node.raise(to: 0) }
}
