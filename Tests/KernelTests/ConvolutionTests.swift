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
    var (arguments, input) = shape.prepare(algorithm)
    input.fill(&random, rows: shape.inputHeight, columns: shape.inputWidth)
    let weights = GuardedBuffer(
      random: shape.outputChannels * shape.inputChannels * shape.kernel.0 * shape.kernel.1, &random, scale: 0.5)
    let bias = shape.bias ? GuardedBuffer(random: shape.outputChannels, &random) : nil
    let reference = shape.reference(input, weights, bias, relativeTolerance: relativeTolerance)
    var first: Activation?
    for (threads, apart): (Int32, Int32) in [(1, 0), (2, 0), (2, 1), (8, 0), (8, 1)] {
      let output = shape.output()
      arguments.threads = threads
      arguments.threads_apart = apart
      let convolution = try PackedConvolution(algorithm, arguments, output: output, weights: weights, bias: bias)
      let result = convolution.run(&random)
      #expect(result.untouched && !result.notFinite)
      if let first {
        #expect(output.hasSameBits(as: first), "\(threads) threads, apart \(apart)")
      } else {
        output.expect(reference)
        first = output
      }
    }
  }
}
