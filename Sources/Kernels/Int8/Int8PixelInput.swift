import CKernels

/// 8-bit pixels to channels in the network's order.
struct Int8PixelInput {
  let arguments: gln_u8_pixels

  /// Units are ranges of rows: enough of them for a few threads.
  @inline(__always)
  static func cut(_ arguments: gln_u8_pixels) -> WorkCut {
    WorkCut(items: Int(arguments.height), threads: 2)
  }

  func run(_ unit: Int32) {
    let a = arguments
    let (first, end) = Self.cut(a).range(unit)
    let pixelBytes = Int(a.pixel_bytes)
    for row in first..<end {
      let pixels = a.pixels.unsafelyUnwrapped + row &* a.row_stride
      let output = a.output.unsafelyUnwrapped + row &* a.output_row_stride
      var column = 0
      if a.channels == 3 && a.output_pixel_stride == 3 && pixelBytes <= 4 {
        column = Int8Tier.shufflePixels(pixels, output, Int(a.width), pixelBytes, a.channel_offsets)
      }
      for column in column..<Swift.max(column, Int(a.width)) {
        copy(pixels + column &* pixelBytes, output + column &* a.output_pixel_stride)
      }
    }
  }

  @inline(__always)
  private func copy(_ pixel: UnsafePointer<UInt8>, _ output: UnsafeMutablePointer<UInt8>) {
    let offsets = arguments.channel_offsets
    output[0] = pixel[Int(offsets.0)]
    if arguments.channels > 1 { output[1] = pixel[Int(offsets.1)] }
    if arguments.channels > 2 { output[2] = pixel[Int(offsets.2)] }
    if arguments.channels > 3 { output[3] = pixel[Int(offsets.3)] }
  }
}
