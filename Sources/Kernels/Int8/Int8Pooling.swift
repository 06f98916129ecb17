import CKernels

/// Maximum and average pooling of unsigned integers, vectorised over channels.
struct Int8Pooling {
  let arguments: gln_u8_pooling

  /// Units are ranges of output rows.
  @inline(__always)
  static func cut(_ arguments: gln_u8_pooling) -> WorkCut {
    WorkCut(items: Int(arguments.output_height), threads: arguments.threads)
  }

  /// Calls `pixel` for each output pixel of a unit: the offset of the window's first input pixel, the window, the
  /// offset of the output pixel.
  @inline(__always)
  private func forEachPixel(
    _ unit: Int32, _ pixel: (_ input: Int, _ rows: PoolingWindow, _ columns: PoolingWindow, _ output: Int) -> Void
  ) {
    let a = arguments
    let (firstRow, endRow) = Self.cut(a).range(unit)
    for row in firstRow..<endRow {
      let y = PoolingWindow(
        row, kernel: a.kernel_height, stride: a.stride_height, before: a.padding_top, size: a.input_height,
        after: a.padding_bottom)
      for column in 0..<Int(a.output_width) {
        let x = PoolingWindow(
          column, kernel: a.kernel_width, stride: a.stride_width, before: a.padding_left, size: a.input_width,
          after: a.padding_right)
        pixel(
          y.first &* a.input_row_stride &+ x.first &* a.input_pixel_stride, y, x,
          row &* a.output_row_stride &+ column &* a.output_pixel_stride)
      }
    }
  }

  func runMaximumU8(_ unit: Int32) { runMaximum(unit) { (a: Int8Tier.Bytes, b) in Int8Tier.larger(a, b) } }

  func runMaximumU16(_ unit: Int32) { runMaximum(unit) { (a: Int8Tier.Words, b) in Int8Tier.larger(a, b) } }

  @inline(__always)
  private func runMaximum<Vector: SIMD>(_ unit: Int32, _ larger: (Vector, Vector) -> Vector)
  where Vector.Scalar: FixedWidthInteger {
    let size = MemoryLayout<Vector.Scalar>.size
    let bytes = Int(arguments.channels) &* size
    let width = MemoryLayout<Vector>.size
    let rowStep = arguments.input_row_stride &* size
    let columnStep = arguments.input_pixel_stride &* size
    let allInput = arguments.input.unsafelyUnwrapped
    let allOutput = arguments.output.unsafelyUnwrapped
    forEachPixel(unit) { input, rows, columns, output in
      let input = allInput + input &* size
      let output = allOutput + output &* size
      var place = 0
      while place &+ 2 &* width <= bytes {
        let results: InlineArray<2, Vector> = maximum(
          input + place, rows.count, columns.count, rowStep, columnStep, larger)
        for vector in 0..<2 {
          output.storeBytes(of: results[vector], toByteOffset: place &+ vector &* width, as: Vector.self)
        }
        place &+= 2 &* width
      }
      while place < bytes {
        // The last vector ends with the last channel, and repeats some of the one before.
        if place &+ width > bytes && bytes >= width { place = bytes &- width }
        let results: InlineArray<1, Vector> = maximum(
          input + place, rows.count, columns.count, rowStep, columnStep, larger)
        if place &+ width <= bytes {
          output.storeBytes(of: results[0], toByteOffset: place, as: Vector.self)
        } else {
          withUnsafePointer(to: results) { gln_copy_bytes(output + place, $0, bytes &- place) }
        }
        place &+= width
      }
    }
  }

  @inline(__always)
  private func maximum<Vector: SIMD, let vectors: Int>(
    _ input: UnsafeRawPointer, _ rows: Int, _ columns: Int, _ rowStep: Int, _ columnStep: Int,
    _ larger: (Vector, Vector) -> Vector
  ) -> InlineArray<vectors, Vector> where Vector.Scalar: FixedWidthInteger {
    var results = InlineArray<vectors, Vector> { _ in Vector(repeating: 0) }
    for row in 0..<rows {
      var place = input + row &* rowStep
      for _ in 0..<columns {
        for vector in 0..<vectors {
          let value = (place + vector &* MemoryLayout<Vector>.size).loadUnaligned(as: Vector.self)
          results[vector] = larger(results[vector], value)
        }
        place += columnStep
      }
    }
    return results
  }

  /// Sums are exact in 32 bits; the average is rounded twice, by the conversion of the sum and by the multiplication.
  func runAverage(_ unit: Int32) {
    let a = arguments
    let channels = Int(a.channels)
    let allInput = a.input.unsafelyUnwrapped.assumingMemoryBound(to: UInt8.self)
    let allOutput = a.output.unsafelyUnwrapped.assumingMemoryBound(to: Float.self)
    forEachPixel(unit) { input, rows, columns, output in
      let count = a.count_includes_padding != 0 ? rows.padded &* columns.padded : rows.count &* columns.count
      let scale = Vec(repeating: a.scale / Float(count))
      var channel = 0
      while channel < channels {
        var sum = Sums(repeating: 0)
        for row in 0..<rows.count {
          var place = allInput + (input &+ row &* a.input_row_stride &+ channel)
          for _ in 0..<columns.count {
            sum &+= Int8Tier.load(place)
            place += a.input_pixel_stride
          }
        }
        store(Int8Tier.floats(sum) * scale, allOutput + (output &+ channel), count: channels &- channel)
        channel &+= Vec.scalarCount
      }
    }
  }
}
