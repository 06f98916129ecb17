import CKernels

/// The functions of gln_f32_activation. No operation is fused, so that every tier gives the same bits.
struct ActivationFunction {
  let arguments: gln_f32_activation

  /// Units are ranges of pixels.
  @inline(__always)
  static func cut(_ arguments: gln_f32_activation) -> WorkCut {
    ChannelMap.cut(height: arguments.height, width: arguments.width, threads: arguments.threads)
  }

  func run(_ unit: Int32, _ findings: UnsafeMutablePointer<gln_findings>) {
    let range = Self.cut(arguments).range(unit)
    switch arguments.function {
    case GLN_SIGMOID:
      // Of finite values all are between 0 and 1.
      map.run(range) { value, _, _ in
        let one = Vec(repeating: 1)
        return one / (one + exponential(Vec(repeating: 0) - value))
      }
    case GLN_CLIPPED_RELU:
      // The smaller of two values is the larger of their negatives, negated.
      let least = Vec(repeating: -arguments.maximum)
      map.run(range) { value, _, _ in
        raise(Vec(repeating: 0) - raise(Vec(repeating: 0) - value, to: least), to: Vec(repeating: 0))
      }
    default:
      guard let slopes = arguments.slopes else { return }
      var check = FiniteCheck()
      map.run(range) { value, channel, count in
        let result = (value * load(slopes + channel, count: count)).replacing(
          with: value, where: value .> Vec(repeating: 0))
        check.take(result)
        return result
      }
      check.report(to: findings)
    }
  }

  private var map: ChannelMap {
    let a = arguments
    return ChannelMap(
      input: a.input.unsafelyUnwrapped, inputRowStride: a.input_row_stride, inputPixelStride: a.input_pixel_stride,
      output: a.output.unsafelyUnwrapped, outputRowStride: a.output_row_stride,
      outputPixelStride: a.output_pixel_stride, width: Int(a.width), channels: Int(a.channels))
  }
}
