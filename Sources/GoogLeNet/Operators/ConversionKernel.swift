import CKernels

/// From float32 to bytes, or back: it stands for no layer.
final class ConversionKernel: NodeKernel {
  enum Direction {
    case toBytes
    case toFloats
  }

  private let direction: Direction
  private let scale: Float

  init(_ direction: Direction, scale: Float) {
    self.direction = direction
    self.scale = scale
  }

  var name: StaticString { direction == .toBytes ? "float32 to 8 bits" : "8 bits to float32" }
  var conversion: StaticString? { direction == .toBytes ? "Quantization" : "Dequantization" }

  func task(_ writer: TaskWriter, _ inputs: [Location], _ output: Location) throws(GoogLeNetError) -> StageTask {
    let input = inputs[0]
    let arguments = writer.storage.store(
      gln_u8_conversion(
        input: input.base, output: output.base, input_row_stride: input.rowStride,
        input_pixel_stride: input.pixelStride, output_row_stride: output.rowStride,
        output_pixel_stride: output.pixelStride, height: Int32(input.shape.height), width: Int32(input.shape.width),
        channels: Int32(input.shape.channels), multiplier: direction == .toBytes ? 1 / scale : scale,
        threads: writer.threads))
    let table = writer.table
    return try writer.task(
      direction == .toBytes ? table.u8_quantize : table.u8_dequantize, arguments,
      units: table.u8_conversion_units?(arguments))
  }
}
