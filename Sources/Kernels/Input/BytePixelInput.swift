import CKernels

/// 8-bit pixels to channels in the network's order.
struct BytePixelInput {
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
        column = shuffle(pixels, output)
      }
      for column in column..<Swift.max(column, Int(a.width)) {
        copy(pixels + column &* pixelBytes, output + column &* a.output_pixel_stride)
      }
    }
  }

  /// Writes 3 channels of the first pixels of a row, four pixels at a time, as far as whole vectors may be read.
  ///
  /// - Returns: how many pixels are done.
  @inline(__always)
  private func shuffle(_ pixels: UnsafePointer<UInt8>, _ output: UnsafeMutablePointer<UInt8>) -> Int {
    let bytes = Int(arguments.pixel_bytes)
    let width = Int(arguments.width)
    let offsets = arguments.channel_offsets
    var order = SIMD16<UInt8>(repeating: 0x80)
    for pixel in 0..<4 {
      order[3 &* pixel] = UInt8(truncatingIfNeeded: pixel &* bytes &+ Int(offsets.0))
      order[3 &* pixel &+ 1] = UInt8(truncatingIfNeeded: pixel &* bytes &+ Int(offsets.1))
      order[3 &* pixel &+ 2] = UInt8(truncatingIfNeeded: pixel &* bytes &+ Int(offsets.2))
    }
    var column = 0
    while column &* bytes &+ 16 <= width &* bytes {
      gln_shuffle_bytes_12(output + 3 &* column, pixels + column &* bytes, order)
      column &+= 4
    }
    return column
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
