import CKernels

extension TaskWriter {
  /// What fills the network's input; nil where it has no memory.
  func input(_ preprocessing: Preprocessing) throws(GoogLeNetError) -> PlanInput? {
    guard let input = location(of: Graph.inputValue) else { return nil }
    let mean = TaskWriter.triple(preprocessing.mean)
    let scale = TaskWriter.triple(preprocessing.scale)
    if input.encoding == .float32 {
      let pixels = storage.store(pixelArguments(input, mean, scale))
      let planes = storage.store(
        gln_f32_planes(
          planes: nil, output: input.floats, output_row_stride: input.rowStride,
          output_pixel_stride: input.pixelStride, height: Int32(input.shape.height), width: Int32(input.shape.width),
          channels: Int32(input.shape.channels)))
      return PlanInput(
        arguments: .float32(pixels: pixels, planes: planes),
        pixelStage: stage([try task(table.f32_pixels, pixels, units: table.f32_pixels_units?(pixels))]),
        planeStage: stage([try task(table.f32_planes, planes, units: table.f32_planes_units?(planes))]))
    }
    var arguments = gln_u8_pixels()
    arguments.output = input.bytes
    arguments.output_row_stride = input.rowStride
    arguments.output_pixel_stride = input.pixelStride
    arguments.height = Int32(input.shape.height)
    arguments.width = Int32(input.shape.width)
    arguments.channels = Int32(input.shape.channels)
    let pixels = storage.store(arguments)
    let planes = storage.store(
      PixelRounding(
        planes: nil, output: input.bytes, rowStride: input.rowStride, pixelStride: input.pixelStride,
        height: input.shape.height, width: input.shape.width, channels: input.shape.channels, mean: mean,
        scale: scale))
    return PlanInput(
      arguments: .bytes(pixels: pixels, planes: planes),
      pixelStage: stage([try task(table.u8_pixels, pixels, units: table.u8_pixels_units?(pixels))]),
      planeStage: stage([try task(PixelRounding.run, planes, units: 1)]))
  }

  /// One to three values; what is missing is 0.
  private static func triple(_ values: [Float]) -> (Float, Float, Float) {
    (values[0], values.count > 1 ? values[1] : 0, values.count > 2 ? values[2] : 0)
  }

  private func pixelArguments(
    _ input: Location, _ mean: (Float, Float, Float), _ scale: (Float, Float, Float)
  ) -> gln_f32_pixels {
    var arguments = gln_f32_pixels()
    arguments.output = input.floats
    arguments.output_row_stride = input.rowStride
    arguments.output_pixel_stride = input.pixelStride
    arguments.height = Int32(input.shape.height)
    arguments.width = Int32(input.shape.width)
    arguments.channels = Int32(input.shape.channels)
    arguments.mean = (mean.0, mean.1, mean.2, 0)
    arguments.scale = (scale.0, scale.1, scale.2, 0)
    return arguments
  }
}
