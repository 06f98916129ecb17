import CKernels
import Testing

/// Values that show saturation: where the integers come from.
enum IntegerValues: String, CaseIterable {
  case random
  /// All inputs 255, all weights the smallest or the largest.
  case largest
}

@Suite struct IntegerConvolutionTests {
  @Test(arguments: KernelTier.availableIntegerConvolutions, ConvolutionCase.direct)
  func bytes(tier: KernelTier, shape: ConvolutionCase) {
    for values in IntegerValues.allCases {
      check(tier, shape, values, GLN_INTEGER_OUTPUT_U8, .direct) { value, _ in value.rounded(to: UInt8.self) }
    }
  }

  @Test(arguments: KernelTier.availableIntegerConvolutions, ConvolutionCase.direct)
  func words(tier: KernelTier, shape: ConvolutionCase) {
    for values in IntegerValues.allCases {
      check(tier, shape, values, GLN_INTEGER_OUTPUT_U16, .direct) { value, _ in value.rounded(to: UInt16.self) }
    }
  }

  @Test(arguments: KernelTier.availableIntegerConvolutions, ConvolutionCase.direct)
  func floats(tier: KernelTier, shape: ConvolutionCase) {
    for values in IntegerValues.allCases {
      check(tier, shape, values, GLN_INTEGER_OUTPUT_F32, .direct) { value, minimum in Swift.max(value, minimum) }
    }
  }

  @Test(arguments: KernelTier.availableIntegerConvolutions, ConvolutionCase.byteWinograd)
  func winograd(tier: KernelTier, shape: ConvolutionCase) {
    for values in IntegerValues.allCases { check(tier, shape, values, .winograd) }
  }

  @Test(arguments: KernelTier.availableIntegerConvolutions, ConvolutionCase.wordWinograd)
  func winogradByWideWeights(tier: KernelTier, shape: ConvolutionCase) {
    for values in IntegerValues.allCases { check(tier, shape, values, .wideWinograd) }
  }

  @Test(arguments: KernelTier.availableIntegerConvolutions, ConvolutionCase.direct)
  func wideWeights(tier: KernelTier, shape: ConvolutionCase) {
    for values in IntegerValues.allCases { check(tier, shape, values, .wide) }
  }

  /// Whatever Winograd says that it supports it computes exactly, and no more threads than it has work for.
  @Test(arguments: KernelTier.availableIntegerConvolutions)
  func winogradSupport(tier: KernelTier) {
    func supports(_ isWide: Bool = false, _ change: (inout gln_integer_convolution) -> Void = { _ in }) -> Bool {
      var shape = gln_integer_convolution()
      (shape.input_channels, shape.output_channels) = (64, 192)
      (shape.output_height, shape.output_width) = (56, 56)
      (shape.kernel_height, shape.kernel_width) = (3, 3)
      (shape.stride_height, shape.stride_width) = (1, 1)
      (shape.dilation_height, shape.dilation_width) = (1, 1)
      shape.threads = 2
      change(&shape)
      let record = isWide ? tier.table.s16_winograd : tier.table.s8_winograd
      return record.supports(&shape) != 0
    }
    #expect(supports())
    #expect(supports { $0.input_channels = 228 })
    #expect(!supports { $0.input_channels = 229 })
    #expect(supports(true) { $0.input_channels = 114 })
    #expect(!supports(true) { $0.input_channels = 115 })
    #expect(!supports { $0.kernel_width = 5 })
    #expect(!supports { $0.stride_height = 2 })
    #expect(!supports { $0.dilation_width = 2 })
    #expect(!supports { $0.threads = 128 })
    #expect(!supports { ($0.output_height, $0.output_width) = (7, 7) })
  }

  /// Sums at both ends of 32 bits, and multipliers that make them overflow any integer, or fall exactly between two.
  @Test(arguments: KernelTier.availableIntegerConvolutions)
  func extremeMultipliers(tier: KernelTier) {
    func shape(_ kernel: Int) -> ConvolutionCase {
      ConvolutionCase(
        inputChannels: 1, outputChannels: 77, height: 3, width: 5, kernel: (kernel, kernel), outputNeighbours: (1, 1))
    }
    extremeMultipliers(tier, shape(1), .direct)
    extremeMultipliers(tier, shape(3), .winograd)
    extremeMultipliers(tier, shape(3), .wide)
    extremeMultipliers(tier, shape(3), .wideWinograd)
  }

  private func extremeMultipliers(
    _ tier: KernelTier, _ shape: ConvolutionCase, _ record: IntegerRecord<some FixedWidthInteger & BitwiseCopyable>
  ) {
    let most = 9 * 255 * Int32(record.weights.upperBound), least = 9 * 255 * Int32(record.weights.lowerBound)
    check(
      tier, shape, .random, record, biases: [.min - least, .max - most, -1, 0, 1, 5, 1000, -70000],
      multipliers: [0.5, 1.5, 3e38, 1e-30, 0, 1, 0.25, 16, -1])
  }

  /// Runs the case with every type of output.
  private func check(
    _ tier: KernelTier, _ shape: ConvolutionCase, _ values: IntegerValues,
    _ record: IntegerRecord<some FixedWidthInteger & BitwiseCopyable>,
    biases: [Int32]? = nil, multipliers: [Float]? = nil
  ) {
    check(tier, shape, values, GLN_INTEGER_OUTPUT_U8, record, biases: biases, multipliers: multipliers) { value, _ in
      value.rounded(to: UInt8.self)
    }
    check(tier, shape, values, GLN_INTEGER_OUTPUT_U16, record, biases: biases, multipliers: multipliers) { value, _ in
      value.rounded(to: UInt16.self)
    }
    check(tier, shape, values, GLN_INTEGER_OUTPUT_F32, record, biases: biases, multipliers: multipliers) {
      value, minimum in
      Swift.max(value, minimum)
    }
  }

  /// Runs the case with the units of one thread, of two and of eight.
  private func check<Element: BitwiseCopyable & Equatable, Weight: FixedWidthInteger & BitwiseCopyable>(
    _ tier: KernelTier, _ shape: ConvolutionCase, _ values: IntegerValues, _ outputType: gln_integer_output,
    _ record: IntegerRecord<Weight>, biases: [Int32]? = nil, multipliers: [Float]? = nil,
    finish: (Float, _ minimum: Float) -> Element
  ) {
    let algorithm = tier.table[keyPath: record.place]
    var random = Random(seed: 11)
    var (arguments, input) = shape.prepare(algorithm, outputType)
    let taps = shape.inputChannels * shape.kernel.0 * shape.kernel.1
    let weights = GuardedBuffer<Weight>(count: shape.outputChannels * taps)
    let bias = GuardedBuffer<Int32>(count: shape.outputChannels)
    let multiplier = GuardedBuffer<Float>(count: shape.outputChannels)
    switch values {
    case .random:
      input.fill(&random)
      for index in 0..<weights.count { weights[index] = record.weight(&random) }
    case .largest:
      input.fill { 255 }
      for index in 0..<weights.count {
        weights[index] = index / taps % 2 == 0 ? record.weights.lowerBound : record.weights.upperBound
      }
    }
    // Most sums become outputs between the bounds, the rest is beyond them.
    let spread = outputType == GLN_INTEGER_OUTPUT_U16 ? Float(60_000) : 240
    for channel in 0..<shape.outputChannels {
      bias[channel] = biases?[channel % biases!.count] ?? (shape.bias ? Int32(random.value() * 100_000) : 0)
      multiplier[channel] =
        multipliers?[channel % multipliers!.count]
        ?? spread / (Float(taps).squareRoot() * 15_000) * (1 + random.value() / 2)
    }
    let expected = shape.sums(input, weights, bias).enumerated().map { index, sum in
      finish(Float(sum) * multiplier[index % shape.outputChannels], shape.minimum)
    }

    let overflows = outputType == GLN_INTEGER_OUTPUT_F32 && values == .random && multipliers?.contains(3e38) == true
    for threads: Int32 in [1, 2, 8] {
      let output = ExactActivation<Element>(
        height: shape.height, width: shape.width, channels: shape.outputChannels, neighbours: shape.outputNeighbours,
        rowGap: shape.outputGap)
      arguments.threads = threads
      arguments.output = UnsafeMutableRawPointer(output.pointer)
      arguments.output_row_stride = output.rowStride
      arguments.output_pixel_stride = output.pixelStride
      let packed = GuardedBuffer<UInt8>(count: algorithm.packed_size(&arguments))
      algorithm.pack(&arguments, weights.pointer, bias.pointer, multiplier.pointer, packed.pointer)
      arguments.weights = UnsafeRawPointer(packed.pointer)
      let result = observeUnits(
        algorithm.run, arguments, counts: [algorithm.unit_count(&arguments)],
        scratchSize: algorithm.scratch_size(&arguments), &random)
      #expect(result.untouched && packed.surroundingsAreUntouched)
      #expect(result.notFinite == overflows)
      output.expect(expected, "\(values), \(threads) threads")
    }
  }
}

extension ConvolutionCase {
  /// The exact sums in plain loops.
  fileprivate func sums(
    _ input: ExactActivation<UInt8>, _ weights: GuardedBuffer<some FixedWidthInteger>, _ bias: GuardedBuffer<Int32>
  ) -> [Int32] {
    var sums: [Int32] = []
    for y in 0..<height {
      for x in 0..<width {
        for output in 0..<outputChannels {
          var sum = bias[output]
          var weight = output * inputChannels * kernel.0 * kernel.1
          for channel in 0..<inputChannels {
            for ky in 0..<kernel.0 {
              for kx in 0..<kernel.1 {
                let value = input[y * stride.0 + ky * dilation.0, x * stride.1 + kx * dilation.1, channel]
                sum += Int32(value) * Int32(weights[weight])
                weight += 1
              }
            }
          }
          sums.append(sum)
        }
      }
    }
    return sums
  }
}
