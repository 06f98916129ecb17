/// Turns normalised float32 planes, finite ones, back into the pixels that an int8 network reads: the nearest of 0 to 255. One unit.
struct PixelRounding: BitwiseCopyable {
  var planes: UnsafePointer<Float>?
  let output: UnsafeMutablePointer<UInt8>
  let rowStride: Int
  let pixelStride: Int
  let height: Int
  let width: Int
  let channels: Int
  let mean: (Float, Float, Float)
  let scale: (Float, Float, Float)

  /// A `gln_run_unit`.
  static let run: @convention(c) (UnsafeRawPointer?, Int32, Int32, UnsafeMutableRawPointer?) -> Void = {
    arguments, _, _, _ in
    arguments?.assumingMemoryBound(to: PixelRounding.self).pointee.round()
  }

  @_optimize(speed)
  private func round() {
    guard var next = planes else { return }
    for channel in 0..<channels {
      let mean = channel == 0 ? mean.0 : channel == 1 ? mean.1 : mean.2
      let scale = channel == 0 ? scale.0 : channel == 1 ? scale.1 : scale.2
      for row in 0..<height {
        for column in 0..<width {
          let pixel = (next.pointee / scale + mean).rounded(.toNearestOrEven)
          output[row &* rowStride &+ column &* pixelStride &+ channel] =
            pixel >= 255 ? 255 : pixel > 0 ? UInt8(pixel) : 0
          next += 1
        }
      }
    }
  }
}
