import CKernels
import Testing

@Suite struct IntegerPoolingTests {
  @Test(arguments: KernelTier.available, PoolingCase.all)
  func bytes(tier: KernelTier, shape: PoolingCase) {
    check(tier.table.u8_max_pooling, tier, shape) { (values: [UInt8], _) in values.max()! }
  }

  @Test(arguments: KernelTier.available, PoolingCase.all)
  func words(tier: KernelTier, shape: PoolingCase) {
    check(tier.table.u16_max_pooling, tier, shape) { (values: [UInt16], _) in values.max()! }
  }

  @Test(arguments: KernelTier.available, PoolingCase.all)
  func average(tier: KernelTier, shape: PoolingCase) {
    check(tier.table.u8_average_pooling, tier, shape) { (values: [UInt8], count) -> Float in
      Float(values.reduce(0) { $0 + Int($1) }) * (Self.scale / Float(count))
    }
  }

  /// Sums beyond 31 and 32 bits, in windows of one row and of many. All rows are the same memory.
  @Test(arguments: KernelTier.available, [1, 5, 19])
  func averageOfLargeWindows(tier: KernelTier, channels: Int) {
    let table = tier.table
    var random = Random(seed: 18)
    for (height, width) in [(4096, 4096), (8192, 8192), (1, 8_421_505), (8_421_504, 1), (2, 8_421_505)]
    where channels == 1 || (height, width) == (4096, 4096) {
      let input = ExactActivation<UInt8>(height: 1, width: width, channels: channels)
      input.fill { 255 }
      input[0, width - 1, channels - 1] = 254
      let output = ExactActivation<Float>(height: 1, width: 1, channels: channels)
      var arguments = PoolingCase(channels: channels, height: height, width: width, kernel: (height, width))
        .arguments(input, output, threads: 2)
      arguments.input_row_stride = 0
      arguments.scale = Self.scale
      #expect(runUnits(table.u8_average_pooling, arguments, counts: [table.pooling_units(&arguments)], &random))
      let sums = (0..<channels).map { 255 * height * width - ($0 == channels - 1 ? height : 0) }
      output.expect(sums.map { Float($0) * (Self.scale / Float(height * width)) }, "\(height) × \(width)")
    }
  }

  private static let scale: Float = 0.0371

  private func check<Input: FixedWidthInteger & BitwiseCopyable, Output: BitwiseCopyable & Equatable>(
    _ kernel: gln_run_unit, _ tier: KernelTier, _ shape: PoolingCase, _ combine: ([Input], _ count: Int) -> Output
  ) {
    let table = tier.table
    var random = Random(seed: 12)
    let input = ExactActivation<Input>(
      height: shape.height, width: shape.width, channels: shape.channels, neighbours: shape.neighbours,
      rowGap: shape.gap)
    input.fill(&random)
    var expected: [Output] = []
    for y in 0..<shape.outputHeight {
      for x in 0..<shape.outputWidth {
        for channel in 0..<shape.channels {
          var values: [Input] = []
          var padded = 0
          for ky in 0..<shape.kernel.0 {
            for kx in 0..<shape.kernel.1 {
              let row = y * shape.stride.0 + ky - shape.padding.0
              let column = x * shape.stride.1 + kx - shape.padding.1
              if row < shape.height + shape.padding.2 && column < shape.width + shape.padding.3 { padded += 1 }
              guard row >= 0, row < shape.height, column >= 0, column < shape.width else { continue }
              values.append(input[row, column, channel])
            }
          }
          expected.append(combine(values, shape.countIncludesPadding ? padded : values.count))
        }
      }
    }
    for threads: Int32 in [1, 3] {
      let output = ExactActivation<Output>(
        height: shape.outputHeight, width: shape.outputWidth, channels: shape.channels,
        neighbours: (shape.neighbours.1, shape.neighbours.0), rowGap: shape.gap)
      var arguments = shape.arguments(input, output, threads: threads)
      arguments.scale = Self.scale
      #expect(runUnits(kernel, arguments, counts: [table.pooling_units(&arguments)], &random))
      output.expect(expected, "\(threads) threads")
    }
  }
}
