import CKernels

/// Maximum and average pooling, vectorised over channels.
struct Pooling {
  let arguments: gln_f32_pooling

  /// Units are ranges of output rows.
  @inline(__always)
  static func cut(_ arguments: gln_f32_pooling) -> WorkCut {
    WorkCut(items: Int(arguments.output_height), threads: arguments.threads)
  }

  /// The input rows or columns that a window covers, and their number with the padding that counts.
  @inline(__always)
  private static func window(
    _ output: Int, kernel: Int32, stride: Int32, before: Int32, size: Int32, after: Int32
  ) -> (first: Int, end: Int, padded: Int) {
    let start = output &* Int(stride) &- Int(before)
    let end = start &+ Int(kernel)
    return (
      Swift.max(start, 0), Swift.min(end, Int(size)), Swift.min(end, Int(size) &+ Int(after)) &- start
    )
  }

  /// Calls `pixel` for each output pixel of a unit: the window's first input pixel, its rows and columns, the output
  /// pixel, and the number of values that an average divides by.
  @inline(__always)
  private func forEachPixel(
    _ unit: Int32,
    _ pixel: (UnsafePointer<Float>, _ rows: Int, _ columns: Int, UnsafeMutablePointer<Float>, _ count: Int) -> Void
  ) {
    let a = arguments
    let (firstRow, endRow) = Self.cut(a).range(unit)
    for row in firstRow..<endRow {
      let y = Self.window(
        row, kernel: a.kernel_height, stride: a.stride_height, before: a.padding_top, size: a.input_height,
        after: a.padding_bottom)
      for column in 0..<Int(a.output_width) {
        let x = Self.window(
          column, kernel: a.kernel_width, stride: a.stride_width, before: a.padding_left, size: a.input_width,
          after: a.padding_right)
        let rows = y.end &- y.first
        let columns = x.end &- x.first
        pixel(
          a.input.unsafelyUnwrapped + (y.first &* a.input_row_stride &+ x.first &* a.input_pixel_stride), rows, columns,
          a.output.unsafelyUnwrapped + (row &* a.output_row_stride &+ column &* a.output_pixel_stride),
          a.count_includes_padding != 0 ? y.padded &* x.padded : rows &* columns)
      }
    }
  }

  /// Combines the values of a window for `vectors` vectors of channels.
  @inline(__always)
  private func combine<let vectors: Int>(
    _ input: UnsafePointer<Float>, _ rows: Int, _ columns: Int, _ start: InlineArray<vectors, Vec>,
    _ operation: (Vec, Vec) -> Vec
  ) -> InlineArray<vectors, Vec> {
    var results = start
    for row in 0..<rows {
      var place = input + row &* arguments.input_row_stride
      for _ in 0..<columns {
        for vector in 0..<vectors {
          results[vector] = operation(results[vector], load(place + vector &* Vec.scalarCount))
        }
        place += arguments.input_pixel_stride
      }
    }
    return results
  }

  @inline(__always)
  private func run(_ unit: Int32, _ start: Vec, _ operation: (Vec, Vec) -> Vec, _ finish: (Vec, Vec) -> Vec) {
    let channels = Int(arguments.channels)
    let width = Vec.scalarCount
    forEachPixel(unit) { input, rows, columns, output, count in
      let count = Vec(repeating: Float(count))
      var channel = 0
      while channel &+ 4 &* width <= channels {
        let results = combine(input + channel, rows, columns, InlineArray<4, Vec> { _ in start }, operation)
        for vector in 0..<4 { store(finish(results[vector], count), output + (channel &+ vector &* width)) }
        channel &+= 4 &* width
      }
      while channel < channels {
        let results = combine(input + channel, rows, columns, InlineArray<1, Vec> { _ in start }, operation)
        store(finish(results[0], count), output + channel, count: channels &- channel)
        channel &+= width
      }
    }
  }

  func runMaximum(_ unit: Int32) {
    run(unit, Vec(repeating: -.infinity), { larger($0, $1) }, { result, _ in result })
  }

  func runAverage(_ unit: Int32) {
    run(unit, Vec(repeating: 0), { $0 + $1 }, { sum, count in sum / count })
  }
}
