import GoogLeNet

/// The windows of a convolution or pooling in a foreign graph; each array has a value for height and one for width.
struct GraphWindow {
  /// The rule for what is around the image.
  enum Border {
    /// As much as keeps the size, divided by the stride.
    /// - Parameter extraFirst: whether an odd pixel goes to the top and left instead of the bottom and right.
    case same(extraFirst: Bool)
    case valid
    case explicit(Padding)
  }

  var kernel: [Int]
  var strides: [Int]
  var dilations = [1, 1]
  var border: Border
  /// Of pooling: whether a last window may begin inside and end outside.
  var rounding = Pooling.Rounding.floor
  /// Of average pooling: whether padding counts as zeros.
  var countsPadding = false

  /// Whether the padding follows from the input's size in a way that another size would change.
  var dependsOnInputSize: Bool {
    if case .same = border { return strides != [1, 1] }
    return false
  }

  /// The padding around an input, whatever zeros it has around it already included.
  func padding(of input: GraphActivation) -> Padding {
    let own: Padding
    switch border {
    case .valid: own = Padding()
    case .explicit(let padding): own = padding
    case .same(let extraFirst):
      let padded = Shape(
        channels: input.shape.channels, height: input.size(.height) ?? 0, width: input.size(.width) ?? 0)
      own = Padding.same(padded, kernel: kernel, strides: strides, dilations: dilations, extraFirst: extraFirst)
    }
    return own.adding(input.padding)
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
