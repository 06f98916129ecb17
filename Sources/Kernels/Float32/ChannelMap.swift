import CKernels

/// A function of every value of an image, vector by vector of channels.
struct ChannelMap {
  let input: UnsafePointer<Float>
  let inputRowStride: Int
  let inputPixelStride: Int
  let output: UnsafeMutablePointer<Float>
  let outputRowStride: Int
  let outputPixelStride: Int
  let width: Int
  let channels: Int

  /// Units are ranges of pixels.
  @inline(__always)
  static func cut(height: Int32, width: Int32, threads: Int32) -> WorkCut {
    WorkCut(items: Int(height) &* Int(width), threads: threads)
  }

  /// - Parameters:
  ///   - pixels: the first one and the end.
  ///   - function: of the values from channel `channel` on, of which `count` are there; lanes beyond hold zeros, and what becomes of
  ///     them is not kept.
  @inline(__always)
  func run(_ pixels: (first: Int, end: Int), _ function: (Vec, _ channel: Int, _ count: Int) -> Vec) {
    for pixel in pixels.first..<pixels.end {
      let row = pixel / width
      let column = pixel &- row &* width
      let input = input + (row &* inputRowStride &+ column &* inputPixelStride)
      let output = output + (row &* outputRowStride &+ column &* outputPixelStride)
      var channel = 0
      while channel < channels {
        let count = channels &- channel
        store(function(load(input + channel, count: count), channel, count), output + channel, count: count)
        channel &+= Vec.scalarCount
      }
    }
  }
}
