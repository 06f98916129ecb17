import CKernels

/// y = max(x · scale + shift, minimum) for each channel.
struct Affine {
  let arguments: gln_f32_affine

  /// Units are ranges of pixels.
  @inline(__always)
  static func cut(_ arguments: gln_f32_affine) -> WorkCut {
    WorkCut(items: Int(arguments.height) &* Int(arguments.width), threads: arguments.threads)
  }

  func run(_ unit: Int32, _ findings: UnsafeMutablePointer<gln_findings>) {
    let a = arguments
    let (first, end) = Self.cut(a).range(unit)
    let width = Int(a.width)
    let channels = Int(a.channels)
    let minimum = Vec(repeating: a.minimum)
    // What changes no bit of a value: × 1, and + −0.
    let neutral: InlineArray<2, Vec> = [Vec(repeating: 1), Vec(repeating: -0.0)]
    var check = FiniteCheck()
    withUnsafePointer(to: neutral) { neutral in
      let ones = UnsafeRawPointer(neutral).assumingMemoryBound(to: Float.self)
      let scale = a.scale ?? ones
      let scaleStep = a.scale == nil ? 0 : 1
      let shift = a.shift ?? ones + Vec.scalarCount
      let shiftStep = a.shift == nil ? 0 : 1
      for pixel in first..<end {
        let row = pixel / width
        let column = pixel &- row &* width
        let input = a.input.unsafelyUnwrapped + (row &* a.input_row_stride &+ column &* a.input_pixel_stride)
        let output = a.output.unsafelyUnwrapped + (row &* a.output_row_stride &+ column &* a.output_pixel_stride)
        var channel = 0
        while channel < channels {
          // Zeros in the other lanes become zeros.
          let count = channels &- channel
          let result = gln_multiply_add(
            load(input + channel, count: count), load(scale + channel &* scaleStep, count: count),
            load(shift + channel &* shiftStep, count: count))
          check.take(result)
          store(raise(result, to: minimum), output + channel, count: count)
          channel &+= Vec.scalarCount
        }
      }
    }
    check.report(to: findings)
  }
}
