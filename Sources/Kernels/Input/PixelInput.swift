import CKernels

/// 8-bit pixels to normalised channels.
struct PixelInput {
  let arguments: gln_f32_pixels

  /// Units are ranges of rows: enough of them for a few threads.
  @inline(__always)
  static func cut(_ arguments: gln_f32_pixels) -> WorkCut {
    WorkCut(items: Int(arguments.height), threads: 2)
  }

  func run(_ unit: Int32, _ findings: UnsafeMutablePointer<gln_findings>) {
    let offsets = arguments.channel_offsets
    let mean = arguments.mean
    let scale = arguments.scale
    if arguments.channels == 3 {
      let offset0 = Int(offsets.0)
      let offset1 = Int(offsets.1)
      let offset2 = Int(offsets.2)
      forEachPixel(unit) { pixel, output in
        output[0] = (Float(pixel[offset0]) - mean.0) * scale.0
        output[1] = (Float(pixel[offset1]) - mean.1) * scale.1
        output[2] = (Float(pixel[offset2]) - mean.2) * scale.2
      }
    } else {
      let channels = arguments.channels
      forEachPixel(unit) { pixel, output in
        output[0] = (Float(pixel[Int(offsets.0)]) - mean.0) * scale.0
        if channels > 1 { output[1] = (Float(pixel[Int(offsets.1)]) - mean.1) * scale.1 }
        if channels > 2 { output[2] = (Float(pixel[Int(offsets.2)]) - mean.2) * scale.2 }
        if channels > 3 { output[3] = (Float(pixel[Int(offsets.3)]) - mean.3) * scale.3 }
      }
    }
    guard mayOverflow else { return }
    let channels = Int(arguments.channels)
    forEachPixel(unit) { _, output in
      for channel in 0..<channels where !output[channel].isFinite { findings.pointee.not_finite = 1 }
    }
  }

  /// Whether a byte's value may be beyond float32. Those of the bytes between 0 and 255 lie between theirs.
  private var mayOverflow: Bool {
    let (mean, scale) = (arguments.mean, arguments.scale)
    func isFinite(_ mean: Float, _ scale: Float) -> Bool {
      ((0 - mean) * scale).isFinite && ((255 - mean) * scale).isFinite
    }
    return
      !(isFinite(mean.0, scale.0) && isFinite(mean.1, scale.1) && isFinite(mean.2, scale.2)
      && isFinite(mean.3, scale.3))
  }

  @inline(__always)
  private func forEachPixel(_ unit: Int32, _ body: (UnsafePointer<UInt8>, UnsafeMutablePointer<Float>) -> Void) {
    let a = arguments
    let (first, end) = Self.cut(a).range(unit)
    for row in first..<end {
      var pixel = a.pixels.unsafelyUnwrapped + row &* a.row_stride
      var output = a.output.unsafelyUnwrapped + row &* a.output_row_stride
      for _ in 0..<a.width {
        body(pixel, output)
        pixel += Int(a.pixel_bytes)
        output += a.output_pixel_stride
      }
    }
  }
}
