import CKernels

/// y = max(x · scale + shift, minimum) for each channel.
struct Affine {
  let arguments: gln_f32_affine

  /// Units are ranges of pixels.
  @inline(__always)
  static func cut(_ arguments: gln_f32_affine) -> WorkCut {
    ChannelMap.cut(height: arguments.height, width: arguments.width, threads: arguments.threads)
  }

  func run(_ unit: Int32, _ findings: UnsafeMutablePointer<gln_findings>) {
    let a = arguments
    let map = ChannelMap(
      input: a.input.unsafelyUnwrapped, inputRowStride: a.input_row_stride, inputPixelStride: a.input_pixel_stride,
      output: a.output.unsafelyUnwrapped, outputRowStride: a.output_row_stride,
      outputPixelStride: a.output_pixel_stride, width: Int(a.width), channels: Int(a.channels))
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
      map.run(Self.cut(a).range(unit)) { value, channel, count in
        // Zeros in the lanes beyond become zeros.
        let result = gln_multiply_add(
          value, load(scale + channel &* scaleStep, count: count), load(shift + channel &* shiftStep, count: count))
        check.take(result)
        return raise(result, to: minimum)
      }
    }
    check.report(to: findings)
  }
}
