import CKernels
import Testing

/// A float32 convolution that is ready to run, with its weights packed.
struct PackedConvolution {
  private let algorithm: gln_f32_convolution_algorithm
  private let arguments: gln_f32_convolution
  private let packed: GuardedBuffer<UInt8>
  private let shared: GuardedBuffer<UInt8>

  /// - Parameter arguments: with their input; input and output must outlive the convolution.
  init(
    _ algorithm: gln_f32_convolution_algorithm, _ arguments: gln_f32_convolution, output: Activation,
    weights: GuardedBuffer<Float>, bias: GuardedBuffer<Float>?
  ) throws {
    var arguments = arguments
    arguments.output = output.pointer
    arguments.output_row_stride = output.rowStride
    arguments.output_pixel_stride = output.pixelStride
    try #require(algorithm.supports(&arguments) != 0)
    packed = GuardedBuffer(count: algorithm.packed_size(&arguments))
    shared = GuardedBuffer(count: algorithm.shared_size(&arguments))
    let floats = UnsafeMutableRawPointer(packed.pointer).assumingMemoryBound(to: Float.self)
    algorithm.pack(&arguments, weights.pointer, bias?.pointer, floats)
    arguments.weights = UnsafePointer(floats)
    arguments.shared = UnsafeMutableRawPointer(shared.pointer).assumingMemoryBound(to: Float.self)
    self.algorithm = algorithm
    self.arguments = arguments
  }

  func run(_ random: inout Random) -> UnitRun {
    var arguments = arguments
    let counts = (0..<algorithm.phases).map { algorithm.unit_count(&arguments, $0) }
    var result = observeUnits(
      algorithm.run, arguments, counts: counts, scratchSize: algorithm.scratch_size(&arguments), &random)
    result.untouched = result.untouched && packed.surroundingsAreUntouched && shared.surroundingsAreUntouched
    return result
  }

  func time() -> KernelTiming {
    var arguments = arguments
    let counts = (0..<algorithm.phases).map { algorithm.unit_count(&arguments, $0) }
    return KernelTiming(
      algorithm.run, arguments, counts: counts, scratchSize: algorithm.scratch_size(&arguments))
  }
}
