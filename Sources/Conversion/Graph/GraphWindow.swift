import GoogLeNet

/// The windows of a convolution or pooling in a foreign graph; each array has a value for height and one for width.
struct GraphWindow {
  var kernel: [Int]
  var strides: [Int]
  var dilations = [1, 1]
  var border: Border
  /// Of pooling: whether a last window may begin inside and end outside.
  var rounding = Pooling.Rounding.floor
  /// Of average pooling: whether padding counts as zeros.
  var countsPadding = false

  private var extent: (height: Int, width: Int) {
    ((kernel[0] - 1) * dilations[0] + 1, (kernel[1] - 1) * dilations[1] + 1)
  }

  private var stride: (height: Int, width: Int) { (strides[0], strides[1]) }

  private var followsInputSize: Bool { border.followsInputSize(extent: extent, stride: stride) }

  /// Whether zeros around an input keep its padding from following another size, as its rule would.
  func isFixed(around input: GraphActivation) -> Bool { followsInputSize && input.padding != Padding() }

  /// What is around an input, whatever zeros it has around it already included. A rule stays one where it has to.
  func border(of input: GraphActivation) -> Border {
    if followsInputSize, input.padding == Padding() { return border }
    let padded = Shape(
      channels: input.shape.channels, height: input.size(.height) ?? 0, width: input.size(.width) ?? 0)
    return .explicit(border.padding(around: padded, extent: extent, stride: stride).adding(input.padding))
  }

  func check(_ node: some ForeignNode) throws(GoogLeNetError) {
    for (what, values) in [("kernel", kernel), ("stride", strides), ("dilation", dilations)] {
      guard values.count == 2, values.allSatisfy({ 1...65536 ~= $0 }) else {
        throw node.invalid("its \(what) is \(values): two numbers above 0, for height and width, are needed")
      }
    }
    if case .explicit(let padding) = border, !padding.isReasonable {
      throw node.invalid("its padding is beyond 65,536 pixels, or negative")
    }
  }
}

extension Padding {
  /// Both around an image, one outside the other.
  func adding(_ other: Padding) -> Padding {
    Padding(top: top + other.top, left: left + other.left, bottom: bottom + other.bottom, right: right + other.right)
  }

  /// Whether each side is a number that later arithmetic cannot overflow.
  var isReasonable: Bool { [top, left, bottom, right].allSatisfy { 0...65536 ~= $0 } }
}
