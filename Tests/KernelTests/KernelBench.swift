import CKernels
import CPlatform
import Testing

/// Times each kernel of each tier that this CPU can run, alone, on one thread and against the portable tier's: `make bench-kernels`.
@Suite(.serialized, .enabled(if: gln_environment("GLN_BENCH_KERNELS") != nil, "times kernels; set GLN_BENCH_KERNELS=1"))
struct KernelBench {
  /// GoogLeNet's kinds of convolutions.
  private static let shapes: [ConvolutionCase] = [
    .init(inputChannels: 3, outputChannels: 64, height: 112, width: 112, kernel: (7, 7), stride: (2, 2)),
    .init(inputChannels: 64, outputChannels: 192, height: 56, width: 56, kernel: (3, 3)),
    .init(inputChannels: 192, outputChannels: 64, height: 28, width: 28),
    .init(inputChannels: 96, outputChannels: 128, height: 28, width: 28, kernel: (3, 3)),
    .init(inputChannels: 32, outputChannels: 96, height: 28, width: 28, kernel: (5, 5)),
    .init(inputChannels: 112, outputChannels: 224, height: 14, width: 14, kernel: (3, 3)),
    .init(inputChannels: 192, outputChannels: 384, height: 7, width: 7, kernel: (3, 3)),
    .init(inputChannels: 832, outputChannels: 384, height: 7, width: 7),
    .init(inputChannels: 1024, outputChannels: 1000, minimum: -.infinity),
  ]
  /// Convolutions whose weights and activations stay in the fastest cache: what they reach is the peak.
  private static let small: [ConvolutionCase] = [
    .init(inputChannels: 128, outputChannels: 64, height: 1, width: 28),
    .init(inputChannels: 256, outputChannels: 32, height: 1, width: 14),
    .init(inputChannels: 512, outputChannels: 32, height: 1, width: 14),
  ]

  @Test func float32Convolutions() {
    for (name, record) in [("f32_direct", \gln_kernel_table.f32_direct), ("f32_winograd", \.f32_winograd)] {
      bench(name, KernelTier.available, peak: { Self.speed($0.table.f32_direct) }) { tier, shape in
        Self.time(tier.table[keyPath: record], shape)
      }
    }
  }

  @Test func integerConvolutions() {
    bench("s8_direct", .direct)
    bench("s8_winograd", .winograd)
    bench("s16_direct", .wide)
    bench("s16_winograd", .wideWinograd)
  }

  @Test func poolings() {
    for (name, kernel, bytes) in [
      ("f32_max_pooling", \gln_kernel_table.f32_max_pooling, 4), ("f32_average_pooling", \.f32_average_pooling, 4),
      ("u8_max_pooling", \.u8_max_pooling, 1), ("u16_max_pooling", \.u16_max_pooling, 2),
    ] {
      var arguments = gln_pooling()
      (arguments.input_height, arguments.input_width, arguments.channels) = (28, 28, 480)
      (arguments.output_height, arguments.output_width) = (14, 14)
      (arguments.kernel_height, arguments.kernel_width) = (3, 3)
      (arguments.stride_height, arguments.stride_width) = (2, 2)
      (arguments.input_row_stride, arguments.input_pixel_stride) = (28 * 480, 480)
      (arguments.output_row_stride, arguments.output_pixel_stride) = (14 * 480, 480)
      arguments.threads = 1
      let input = Self.zeros(28 * 28 * 480 * bytes)
      let output = Self.zeros(14 * 14 * 480 * bytes)
      arguments.input = UnsafeRawPointer(input.pointer)
      arguments.output = UnsafeMutableRawPointer(output.pointer)
      bench(name, "28 × 28 × 480, 3 × 3 of 2", products: 14 * 14 * 9 * 480) { tier in
        KernelTiming(tier.table[keyPath: kernel]!, arguments, counts: [tier.table.pooling_units(&arguments)])
      }
    }
  }

  @Test func normalizations() {
    let values = 56 * 56 * 64
    let input = Self.zeros(values * 4)
    let output = Self.zeros(values * 4)
    var floats = gln_f32_normalization()
    floats.input = UnsafeRawPointer(input.pointer).assumingMemoryBound(to: Float.self)
    floats.output = UnsafeMutableRawPointer(output.pointer).assumingMemoryBound(to: Float.self)
    (floats.height, floats.width, floats.channels, floats.size) = (56, 56, 64, 5)
    (floats.input_row_stride, floats.input_pixel_stride) = (56 * 64, 64)
    (floats.output_row_stride, floats.output_pixel_stride) = (56 * 64, 64)
    (floats.alpha, floats.beta, floats.k, floats.threads) = (2e-5, 0.75, 1, 1)
    bench("f32_normalization", "56 × 56 × 64, window 5", products: 5 * values) { tier in
      KernelTiming(tier.table.f32_normalization!, floats, counts: [tier.table.f32_normalization_units(&floats)])
    }
    var words = gln_u16_normalization()
    words.input = UnsafeRawPointer(input.pointer).assumingMemoryBound(to: UInt16.self)
    words.output = UnsafeMutableRawPointer(output.pointer).assumingMemoryBound(to: UInt8.self)
    (words.height, words.width, words.channels, words.size) = (56, 56, 64, 5)
    (words.input_row_stride, words.input_pixel_stride) = (56 * 64, 64)
    (words.output_row_stride, words.output_pixel_stride) = (56 * 64, 64)
    (words.input_scale, words.alpha, words.k, words.output_multiplier, words.threads) = (0.01, 2e-5, 1, 1, 1)
    bench("u16_normalization", "56 × 56 × 64, window 5", products: 5 * values) { tier in
      KernelTiming(tier.table.u16_normalization!, words, counts: [tier.table.u16_normalization_units(&words)])
    }
  }

  private static func zeros(_ bytes: Int) -> GuardedBuffer<UInt8> {
    let buffer = GuardedBuffer<UInt8>(count: bytes, slack: Int(GLN_READ_SLACK))
    buffer.pointer.initialize(repeating: 0, count: bytes)
    return buffer
  }

  // MARK: Lines of the table

  /// Times a kernel that is no convolution.
  private func bench(_ kernel: String, _ shape: String, products: Int, _ time: (KernelTier) -> KernelTiming) {
    let reference = time(.portable).nanoseconds
    for tier in KernelTier.available {
      Self.report(kernel, tier, shape, products, time(tier).nanoseconds, reference, peak: nil)
    }
  }

  private func bench(_ kernel: String, _ record: IntegerRecord<some FixedWidthInteger & BitwiseCopyable>) {
    let direct = kernel.hasPrefix("s8") ? \gln_kernel_table.s8_direct : \.s16_direct
    bench(
      kernel, KernelTier.availableIntegerConvolutions,
      peak: { Self.speed($0.table[keyPath: direct], record) }
    ) { tier, shape in
      Self.time(tier.table[keyPath: record.place], record, shape)
    }
  }

  /// Times a convolution of all shapes that it supports.
  private func bench(
    _ kernel: String, _ tiers: [KernelTier], peak: (KernelTier) -> Double,
    _ time: (KernelTier, ConvolutionCase) -> KernelTiming?
  ) {
    let references = Self.shapes.map { time(.portable, $0)?.nanoseconds }
    for tier in tiers {
      let peak = peak(tier)
      for (shape, reference) in zip(Self.shapes, references) {
        guard let nanoseconds = time(tier, shape)?.nanoseconds else { continue }
        Self.report(kernel, tier, shape.benchDescription, shape.products, nanoseconds, reference, peak: peak)
      }
    }
  }

  /// - Parameter peak: products a nanosecond, where the kernel's share of it says something.
  private static func report(
    _ kernel: String, _ tier: KernelTier, _ shape: String, _ products: Int, _ nanoseconds: Double, _ reference: Double?,
    peak: Double?
  ) {
    func number(_ value: Double, _ digits: Int) -> String {
      var scale = 1.0
      for _ in 0..<digits { scale *= 10 }
      return "\((value * scale).rounded() / scale)"
    }
    func padded(_ text: String, _ width: Int) -> String {
      text + String(repeating: " ", count: max(0, width - text.count))
    }
    var columns = [
      padded(kernel, 20), padded(tier.rawValue, 14), padded(shape, 40),
      padded("\(number(nanoseconds / 1000, 1)) µs", 12),
      padded("\(number(1000 * nanoseconds / Double(products), 2)) ps a product", 22),
    ]
    if let reference { columns.append(padded("\(number(reference / nanoseconds, 2)) × portable", 18)) }
    if let peak { columns.append("\(number(100 * Double(products) / nanoseconds / peak, 0)) % of peak") }
    print(columns.joined())
  }

  // MARK: Convolutions

  /// Products a nanosecond of the fastest small convolution.
  private static func speed(_ algorithm: gln_f32_convolution_algorithm) -> Double {
    small.compactMap { shape in time(algorithm, shape).map { Double(shape.products) / $0.nanoseconds } }.max() ?? 0
  }

  private static func speed(
    _ algorithm: gln_integer_convolution_algorithm, _ record: IntegerRecord<some FixedWidthInteger & BitwiseCopyable>
  ) -> Double {
    small.compactMap { shape in time(algorithm, record, shape).map { Double(shape.products) / $0.nanoseconds } }.max()
      ?? 0
  }

  /// Nil where the algorithm does not support the shape.
  private static func time(_ algorithm: gln_f32_convolution_algorithm, _ shape: ConvolutionCase) -> KernelTiming? {
    var random = Random(seed: 1)
    var (arguments, input) = shape.prepare(algorithm)
    arguments.threads = 1
    guard algorithm.supports(&arguments) != 0 else { return nil }
    input.fill(&random, rows: shape.inputHeight, columns: shape.inputWidth)
    let weights = GuardedBuffer(random: shape.weightCount, &random)
    let output = shape.output()
    guard
      let convolution = try? PackedConvolution(algorithm, arguments, output: output, weights: weights, bias: nil)
    else { return nil }
    return withExtendedLifetime((input, output)) { convolution.time() }
  }

  private static func time<Weight: FixedWidthInteger & BitwiseCopyable>(
    _ algorithm: gln_integer_convolution_algorithm, _ record: IntegerRecord<Weight>, _ shape: ConvolutionCase
  ) -> KernelTiming? {
    var random = Random(seed: 1)
    var (arguments, input) = shape.prepare(algorithm, GLN_INTEGER_OUTPUT_U8)
    arguments.threads = 1
    guard algorithm.supports(&arguments) != 0 else { return nil }
    input.fill(&random)
    let weights = GuardedBuffer<Weight>(count: shape.weightCount)
    for index in 0..<weights.count { weights[index] = record.weight(&random) }
    let bias = zeros(4 * shape.outputChannels)
    let multipliers = GuardedBuffer(random: shape.outputChannels, &random)
    let output = zeros(shape.height * shape.width * shape.outputChannels)
    let packed = GuardedBuffer<UInt8>(count: algorithm.packed_size(&arguments))
    algorithm.pack(
      &arguments, weights.pointer, UnsafeRawPointer(bias.pointer).assumingMemoryBound(to: Int32.self),
      multipliers.pointer, packed.pointer)
    arguments.weights = UnsafeRawPointer(packed.pointer)
    arguments.output = UnsafeMutableRawPointer(output.pointer)
    arguments.output_pixel_stride = shape.outputChannels
    arguments.output_row_stride = shape.width * shape.outputChannels
    return withExtendedLifetime((input, output, packed)) {
      KernelTiming(
        algorithm.run, arguments, counts: [algorithm.unit_count(&arguments)],
        scratchSize: algorithm.scratch_size(&arguments))
    }
  }
}

extension ConvolutionCase {
  fileprivate var weightCount: Int { inputChannels * outputChannels * kernel.0 * kernel.1 }
  /// Of a direct convolution, whatever computes it.
  fileprivate var products: Int { weightCount * height * width }
  fileprivate var benchDescription: String {
    "\(inputChannels) → \(outputChannels), \(height) × \(width), kernel \(kernel.0) × \(kernel.1)"
  }
}
