/// The windows of a pooling layer along one side of the image, rounded up.
struct WindowRow {
  /// Pixels of the image.
  let size: Int
  /// Windows that the layer computes.
  let count: Int
  let kernel: Int
  let stride: Int
  /// Pixels of padding.
  let before: Int
  let after: Int

  /// Whether a last window is left out, for it would begin beyond the image and its leading padding.
  var dropsWindow: Bool { (size + before + after - kernel + stride - 1) / stride + 1 > count }

  /// The trailing padding with which as many windows, rounded down, fit.
  var fittingAfter: Int { max(0, (count - 1) * stride + kernel - size - before) }
}
