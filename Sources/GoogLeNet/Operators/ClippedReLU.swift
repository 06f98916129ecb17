import CKernels

/// y = min(max(x, 0), maximum)
public struct ClippedReLU: Sendable {
  /// Above 0; 6 for ReLU6.
  public var maximum: Float

  public init(maximum: Float) {
    self.maximum = maximum
  }
}

extension ClippedReLU: Operator {
  static let kind: StaticString = "ClippedReLU"
  static let fieldNumber: UInt64 = 28

  init(_ it: ClippedReLU?, in message: inout some OperatorMessage) throws(GoogLeNetError) {
    maximum = try message.float(1, it?.maximum)
  }

  var traits: OperatorTraits {
    var traits = OperatorTraits(sign: .nonNegative)
    traits.formatMajor = 3
    traits.isRectifier = true
    return traits
  }

  func shape(of inputs: [Shape], _ check: LayerCheck) throws(GoogLeNetError) -> Shape {
    guard maximum.isNormal, maximum > 0 else {
      throw check.fault("its maximum is \(maximum): a normal number above 0 is needed")
    }
    return inputs[0]
  }

  func form(inputs: [Shape]) -> GraphForm {
    .node(.kernel(ActivationKernel(GLN_CLIPPED_RELU, name: "clipped ReLU", maximum: maximum)))
  }

  /// An integer convolution stops at the largest byte: where the maximum is there or beyond, that is all.
  func fuse(into node: inout GraphNode.Kind, _ place: FusionPlace) -> Bool {
    guard case .convolution(let it) = node, it.isInteger, case .u8 = place.reads, case .u8(let scale) = place.stores,
      (maximum * (1 / scale)).rounded(.toNearestOrEven) >= 255
    else { return false }
    return node.raise(to: 0)
  }
}
