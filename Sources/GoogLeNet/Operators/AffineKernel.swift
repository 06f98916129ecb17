import CKernels

/// y = max(x × scale + shift, minimum) with one scale and shift a channel: a batch normalization, a ReLU, both, or a copy.
final class AffineKernel: NodeKernel {
  private let affine: (scale: [Float], shift: [Float])?
  private let minimum: Float

  init(_ affine: (scale: [Float], shift: [Float])? = nil, minimum: Float = -.infinity) {
    self.affine = affine
    self.minimum = minimum
  }

  /// Whether it leaves values that are not negative as they are.
  private var isIdentity: Bool { affine == nil && minimum <= 0 }

  var name: StaticString { isIdentity ? "copy" : affine == nil ? "ReLU" : "scale and shift" }
  var takesAffine: Bool { true }

  func appending(_ affine: (scale: [Float], shift: [Float])) -> (any NodeKernel)? {
    guard minimum == -.infinity else { return nil }
    return AffineKernel(ChannelAffine.compose(self.affine, affine))
  }

  func raised(to minimum: Float) -> (any NodeKernel)? { AffineKernel(affine, minimum: max(self.minimum, minimum)) }

  func integerForm(_ inputs: [ActivationEncoding], _ output: ActivationEncoding) -> (any NodeKernel)? {
    // The maximum over one value copies it.
    guard case .u8 = output, inputs[0] == output, isIdentity else { return nil }
    return Pooling.Kernel(Pooling(.max))
  }

  func task(_ writer: TaskWriter, _ inputs: [Location], _ output: Location) throws(GoogLeNetError) -> StageTask {
    let input = inputs[0]
    var scale: UnsafePointer<Float>?
    var shift: UnsafePointer<Float>?
    if let affine {
      scale = UnsafePointer(writer.storage.store(affine.scale).baseAddress)
      shift = UnsafePointer(writer.storage.store(affine.shift).baseAddress)
    }
    let arguments = writer.storage.store(
      gln_f32_affine(
        input: input.floats, output: output.floats, scale: scale, shift: shift, input_row_stride: input.rowStride,
        input_pixel_stride: input.pixelStride, output_row_stride: output.rowStride,
        output_pixel_stride: output.pixelStride, height: Int32(input.shape.height), width: Int32(input.shape.width),
        channels: Int32(input.shape.channels), minimum: minimum, threads: writer.threads))
    return try writer.task(writer.table.f32_affine, arguments, units: writer.table.f32_affine_units?(arguments))
  }
}
