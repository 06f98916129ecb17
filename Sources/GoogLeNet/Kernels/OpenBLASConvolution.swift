import CKernels
import CPlatform

/// Convolution as im2col + sgemm of OpenBLAS, in the form of a kernel record. `gln_openblas_load` must have succeeded.
/// Packed weights: the bias, then a matrix (kernel row, kernel column, input channel) × output channel.
enum OpenBLASConvolution {
  static var algorithm: gln_f32_convolution_algorithm {
    gln_f32_convolution_algorithm(
      name: nil, phases: 1, supports: { _ in 1 }, extra_input: nil,
      packed_size: { shape in
        guard let shape = shape?.pointee else { return 0 }
        return (OpenBLASConvolution.depth(shape) + 1) * Int(shape.output_channels) * 4
      },
      pack: { shape, weights, bias, packed in
        guard let shape = shape?.pointee, let weights, let packed else { return }
        OpenBLASConvolution.pack(shape, weights, bias, packed)
      }, tile: nil, shared_size: { _ in 0 },
      scratch_size: { shape in
        guard let shape = shape?.pointee, !OpenBLASConvolution.isPlain(shape) else { return 0 }
        return OpenBLASConvolution.rows(shape) * OpenBLASConvolution.rowSize(shape) * 4
      },
      unit_count: { shape, _ in
        guard let shape = shape?.pointee else { return 0 }
        let rows = OpenBLASConvolution.rows(shape)
        return Int32((Int(shape.output_height) + rows - 1) / rows)
      }, first_weights: nil,
      run: { arguments, _, unit, scratch in
        guard let arguments, let scratch else { return }
        OpenBLASConvolution.run(
          arguments.assumingMemoryBound(to: gln_f32_convolution.self).pointee, Int(unit), scratch)
      })
  }

  /// Rows of output a unit, so that its matrix stays within the cache.
  private static func rows(_ shape: gln_f32_convolution) -> Int {
    let fitting = max(1, (1 << 18) / max(rowSize(shape), 1))
    let share = (Int(shape.output_height) + Int(shape.threads) - 1) / max(Int(shape.threads), 1)
    return max(1, min(fitting, share))
  }

  /// Values of the im2col matrix for one row of output.
  private static func rowSize(_ shape: gln_f32_convolution) -> Int { Int(shape.output_width) * depth(shape) }

  /// Values that one output value is summed over.
  private static func depth(_ shape: gln_f32_convolution) -> Int {
    Int(shape.kernel_height) * Int(shape.kernel_width) * Int(shape.input_channels)
  }

  /// Whether the input already is the matrix.
  private static func isPlain(_ shape: gln_f32_convolution) -> Bool {
    shape.kernel_height == 1 && shape.kernel_width == 1 && shape.stride_width == 1
  }

  @_optimize(speed)
  private static func pack(
    _ shape: gln_f32_convolution, _ weights: UnsafePointer<Float>, _ bias: UnsafePointer<Float>?,
    _ packed: UnsafeMutablePointer<Float>
  ) {
    let outputs = Int(shape.output_channels)
    let channels = Int(shape.input_channels)
    let taps = Int(shape.kernel_height) * Int(shape.kernel_width)
    for output in 0..<outputs {
      packed[output] = bias?[output] ?? 0
      for channel in 0..<channels {
        for tap in 0..<taps {
          packed[outputs + (tap * channels + channel) * outputs + output] =
            weights[(output * channels + channel) * taps + tap]
        }
      }
    }
  }

  private static func run(_ it: gln_f32_convolution, _ unit: Int, _ scratch: UnsafeMutableRawPointer) {
    let first = unit * rows(it)
    let end = min(first + rows(it), Int(it.output_height))
    let width = Int(it.output_width)
    let outputs = Int(it.output_channels)
    let matrix = it.weights + outputs
    guard let findings = gln_findings_of(scratch) else { return }
    guard !isPlain(it) else {
      for row in first..<end {
        gln_openblas_sgemm(
          it.output_width, it.output_channels, it.input_channels,
          it.input + row * Int(it.stride_height) * it.input_row_stride,
          Int32(truncatingIfNeeded: it.input_pixel_stride),
          matrix, it.output_channels, it.output + row * it.output_row_stride,
          Int32(truncatingIfNeeded: it.output_pixel_stride))
        finish(it, row, findings)
      }
      return
    }
    let columns = scratch.assumingMemoryBound(to: Float.self)
    for row in first..<end { unfold(it, row, columns + (row - first) * width * depth(it)) }
    for row in first..<end {
      gln_openblas_sgemm(
        it.output_width, it.output_channels, Int32(depth(it)), columns + (row - first) * width * depth(it),
        Int32(depth(it)), matrix, it.output_channels, it.output + row * it.output_row_stride,
        Int32(truncatingIfNeeded: it.output_pixel_stride))
      finish(it, row, findings)
    }
  }

  /// im2col of one row of output.
  @_optimize(speed)
  private static func unfold(_ it: gln_f32_convolution, _ row: Int, _ columns: UnsafeMutablePointer<Float>) {
    let channels = Int(it.input_channels)
    var next = columns
    for column in 0..<Int(it.output_width) {
      let corner =
        it.input + (row * Int(it.stride_height) * it.input_row_stride)
        + (column * Int(it.stride_width) * it.input_pixel_stride)
      for y in 0..<Int(it.kernel_height) {
        for x in 0..<Int(it.kernel_width) {
          let pixel =
            corner + (y * Int(it.dilation_height) * it.input_row_stride)
            + (x * Int(it.dilation_width) * it.input_pixel_stride)
          next.update(from: pixel, count: channels)
          next += channels
        }
      }
    }
  }

  /// Bias, check and lower bound of one row of output.
  @_optimize(speed)
  private static func finish(
    _ it: gln_f32_convolution, _ row: Int, _ findings: UnsafeMutablePointer<gln_findings>
  ) {
    let channels = Int(it.output_channels)
    var pixel = it.output + row * it.output_row_stride
    for _ in 0..<Int(it.output_width) {
      for channel in 0..<channels { pixel[channel] += it.weights[channel] }
      if !Finiteness.isFinite(pixel, count: channels) { findings.pointee.not_finite = 1 }
      for channel in 0..<channels { pixel[channel] = max(pixel[channel], it.minimum) }
      pixel += it.output_pixel_stride
    }
  }
}
