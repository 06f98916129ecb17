import CKernels
import Testing

@Suite struct ConvolutionTests {
  @Test(arguments: KernelTier.available, ConvolutionCase.direct)
  func direct(tier: KernelTier, shape: ConvolutionCase) throws {
    try check(tier.table.f32_direct, shape, relativeTolerance: 5e-7)
  }

  @Test(arguments: KernelTier.available, ConvolutionCase.winograd)
  func winograd(tier: KernelTier, shape: ConvolutionCase) throws {
    try check(tier.table.f32_winograd, shape, relativeTolerance: 3e-6)
  }

  /// Runs the case with the units of one thread, of two and of eight; all must agree to the last bit.
  private func check(
    _ algorithm: gln_f32_convolution_algorithm, _ shape: ConvolutionCase, relativeTolerance: Double
  ) throws {
    var random = Random(seed: 1)
    var arguments = gln_f32_convolution()
    arguments.input_channels = Int32(shape.inputChannels)
    arguments.output_channels = Int32(shape.outputChannels)
    arguments.output_height = Int32(shape.height)
    arguments.output_width = Int32(shape.width)
    arguments.kernel_height = Int32(shape.kernel.0)
    arguments.kernel_width = Int32(shape.kernel.1)
    arguments.stride_height = Int32(shape.stride.0)
    arguments.stride_width = Int32(shape.stride.1)
    arguments.dilation_height = Int32(shape.dilation.0)
    arguments.dilation_width = Int32(shape.dilation.1)
    arguments.minimum = shape.minimum

    arguments.input_pixel_stride = shape.inputNeighbours.0 + shape.inputChannels + shape.inputNeighbours.1
    var extra: (rows: Int32, columns: Int32) = (-1, -1)
    algorithm.extra_input(&arguments, &extra.rows, &extra.columns)
    #expect(extra.rows >= 0 && extra.columns >= 0)
    let rows = (shape.height - 1) * shape.stride.0 + (shape.kernel.0 - 1) * shape.dilation.0 + 1
    let columns = (shape.width - 1) * shape.stride.1 + (shape.kernel.1 - 1) * shape.dilation.1 + 1
    let input = Activation(
      height: rows + Int(extra.rows), width: columns + Int(extra.columns), channels: shape.inputChannels,
      channelsBefore: shape.inputNeighbours.0, channelsAfter: shape.inputNeighbours.1, rowGap: shape.inputGap)
    input.fill(&random, rows: rows, columns: columns)
    let weights = GuardedBuffer(
      random: shape.outputChannels * shape.inputChannels * shape.kernel.0 * shape.kernel.1, &random, scale: 0.5)
    let bias = shape.bias ? GuardedBuffer(random: shape.outputChannels, &random) : nil
    let reference = shape.reference(input, weights, bias, relativeTolerance: relativeTolerance)
    arguments.input = UnsafePointer(input.pointer)
    arguments.input_row_stride = input.rowStride
    arguments.input_pixel_stride = input.pixelStride

    var first: Activation?
    for (threads, apart): (Int32, Int32) in [(1, 0), (2, 0), (2, 1), (8, 0), (8, 1)] {
      let output = Activation(
        height: shape.height, width: shape.width, channels: shape.outputChannels,
        channelsBefore: shape.outputNeighbours.0, channelsAfter: shape.outputNeighbours.1, rowGap: shape.outputGap)
      arguments.threads = threads
      arguments.threads_apart = apart
      arguments.output = output.pointer
      arguments.output_row_stride = output.rowStride
      arguments.output_pixel_stride = output.pixelStride
      try #require(algorithm.supports(&arguments) != 0)
      let packed = GuardedBuffer<UInt8>(count: algorithm.packed_size(&arguments))
      let shared = GuardedBuffer<UInt8>(count: algorithm.shared_size(&arguments))
      let floats = UnsafeMutableRawPointer(packed.pointer).assumingMemoryBound(to: Float.self)
      algorithm.pack(&arguments, weights.pointer, bias?.pointer, floats)
      arguments.weights = UnsafePointer(floats)
      arguments.shared = UnsafeMutableRawPointer(shared.pointer).assumingMemoryBound(to: Float.self)
      let counts = (0..<algorithm.phases).map { algorithm.unit_count(&arguments, $0) }
      let untouched = runUnits(
        algorithm.run, arguments, counts: counts, scratchSize: algorithm.scratch_size(&arguments), &random)
      #expect(untouched && packed.surroundingsAreUntouched && shared.surroundingsAreUntouched)
      if let first {
        #expect(output.hasSameBits(as: first), "\(threads) threads, apart \(apart)")
      } else {
        output.expect(reference)
        first = output
      }
    }
  }
}
