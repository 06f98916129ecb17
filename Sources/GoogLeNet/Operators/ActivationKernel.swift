import CKernels

/// A function of each value by itself.
final class ActivationKernel: NodeKernel {
  let name: StaticString
  private let function: gln_activation_function
  private let slopes: [Float]
  private let maximum: Float

  /// - Parameters:
  ///   - slopes: one a channel, where the function has them.
  ///   - maximum: where it has one.
  init(_ function: gln_activation_function, name: StaticString, slopes: [Float] = [], maximum: Float = .infinity) {
    self.function = function
    self.name = name
    self.slopes = slopes
    self.maximum = maximum
  }

  var mayRunInPlace: Bool { true }

  func task(_ writer: TaskWriter, _ inputs: [Location], _ output: Location) throws(GoogLeNetError) -> StageTask {
    let input = inputs[0]
    let slopes = slopes.isEmpty ? nil : UnsafePointer(writer.storage.store(slopes).baseAddress)
    let arguments = writer.storage.store(
      gln_f32_activation(
        input: input.floats, output: output.floats, slopes: slopes, input_row_stride: input.rowStride,
        input_pixel_stride: input.pixelStride, output_row_stride: output.rowStride,
        output_pixel_stride: output.pixelStride, height: Int32(input.shape.height), width: Int32(input.shape.width),
        channels: Int32(input.shape.channels), function: function, maximum: maximum, threads: writer.threads))
    return try writer.task(
      writer.table.f32_activation, arguments, units: writer.table.f32_activation_units?(arguments))
  }
}
