import GoogLeNet

extension Padding {
  /// As much padding as makes the output the input's size divided by the stride, rounded up: TensorFlow's, Keras's and
  /// ONNX's SAME. It depends on the input's size, and where it is odd one side gets the extra pixel.
  /// - Parameters:
  ///   - kernel: height and width, as `strides` and `dilations`.
  ///   - extraFirst: whether the extra pixel goes to the top and left instead of the bottom and right.
  static func same(
    _ input: Shape, kernel: [Int], strides: [Int], dilations: [Int] = [1, 1], extraFirst: Bool = false
  ) -> Padding {
    func split(_ size: Int, _ axis: Int) -> (before: Int, after: Int) {
      let extent = (kernel[axis] - 1) * dilations[axis] + 1
      let count = (size + strides[axis] - 1) / strides[axis]
      let total = max((count - 1) * strides[axis] + extent - size, 0)
      let less = total / 2
      return extraFirst ? (total - less, less) : (less, total - less)
    }
    let rows = split(input.height, 0), columns = split(input.width, 1)
    return Padding(top: rows.before, left: columns.before, bottom: rows.after, right: columns.after)
  }
}
