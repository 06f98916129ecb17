/// What is around the image over which windows move: the rule of their padding.
public enum Border: Equatable, Sendable {
  case explicit(Padding)
  /// As much as makes the output the input's size divided by the stride, rounded up: TensorFlow's and Keras's SAME, ONNX's
  /// auto_pad. Nothing where windows leave pixels out, as in TensorFlow; ONNX Runtime moves the windows of convolutions there.
  /// - extraFirst: whether an odd pixel goes to the top and left (SAME_LOWER) instead of the bottom and right (SAME_UPPER).
  case same(extraFirst: Bool)

  /// Nothing, as TensorFlow and ONNX call it.
  public static let valid = Border.explicit(Padding())

  /// The padding around an input.
  /// - Parameters:
  ///   - extent: pixels from a window's first one to its last, the gaps of dilation included.
  ///   - stride: from a window to the next.
  public func padding(
    around input: Shape, extent: (height: Int, width: Int), stride: (height: Int, width: Int)
  ) -> Padding {
    switch self {
    case .explicit(let padding): return padding
    case .same(let extraFirst):
      let (top, bottom) = Border.same(input.height, extent.height, stride.height, extraFirst)
      let (left, right) = Border.same(input.width, extent.width, stride.width, extraFirst)
      return Padding(top: top, left: left, bottom: bottom, right: right)
    }
  }

  /// Of one side of the image.
  private static func same(_ size: Int, _ extent: Int, _ stride: Int, _ extraFirst: Bool) -> (before: Int, after: Int) {
    let count = (size + stride - 1) / stride
    let total = max((count - 1) * stride + extent - size, 0)
    let less = total / 2
    return extraFirst ? (total - less, less) : (less, total - less)
  }

  /// Whether the padding for one size of the input may be wrong for another.
  public func followsInputSize(extent: (height: Int, width: Int), stride: (height: Int, width: Int)) -> Bool {
    guard case .same = self else { return false }
    return extent.height > 1 && stride.height > 1 || extent.width > 1 && stride.width > 1
  }
}

extension Border {
  /// The oldest major version of model files that can say it.
  var formatMajor: UInt32 {
    switch self {
    case .explicit: 1
    case .same: 3
    }
  }

  /// The number of its PaddingRule in the file format.
  var paddingRule: UInt32 {
    switch self {
    case .explicit: 0
    case .same(let extraFirst): extraFirst ? 2 : 1
    }
  }
}
