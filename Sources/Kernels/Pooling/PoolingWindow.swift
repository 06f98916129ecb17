/// One dimension of a pooling window, clipped to the image.
struct PoolingWindow {
  let first: Int
  let end: Int
  /// The window's size with the padding that counts in an average.
  let padded: Int

  @inline(__always)
  init(_ output: Int, kernel: Int32, stride: Int32, before: Int32, size: Int32, after: Int32) {
    let start = output &* Int(stride) &- Int(before)
    let end = start &+ Int(kernel)
    first = Swift.max(start, 0)
    self.end = Swift.min(end, Int(size))
    padded = Swift.min(end, Int(size) &+ Int(after)) &- start
  }

  @inline(__always)
  var count: Int { end &- first }
}
