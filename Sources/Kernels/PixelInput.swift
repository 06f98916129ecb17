import CKernels

/// 8-bit pixels to normalised channels.
struct PixelInput {
  let arguments: gln_f32_pixels

  /// Units are ranges of rows: enough of them for a few threads.
  @inline(__always)
  static func cut(_ arguments: gln_f32_pixels) -> WorkCut {
    WorkCut(items: Int(arguments.height), threads: 2)
  }

  func run(_ unit: Int32) {
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
