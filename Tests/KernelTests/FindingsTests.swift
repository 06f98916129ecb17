import CKernels
import Testing

/// Every kernel that can compute infinity or NaN from finite inputs reports it, from whichever channel and unit, and nothing else:
/// the buffers around inputs and outputs hold NaN.
@Suite struct FindingsTests {
  /// Values whose sum of two overflows.
  private static let large: Float = 3e38
  private static let channelCounts = [1, 3, 4, 5, 8, 15, 16, 17, 31, 33, 64, 70]

  // MARK: Convolutions

  /// The output channel `channel` alone is infinite or NaN, hidden by the lower bound where it is negative.
  private func convolutionFinds(
    _ algorithm: gln_f32_convolution_algorithm, _ shape: ConvolutionCase, channel: Int?, _ exception: Exception,
    threads: Int32
  ) throws -> Bool {
    var random = Random(seed: 31)
    var (arguments, input) = shape.prepare(algorithm)
    arguments.threads = threads
    input.fill(&random, rows: shape.inputHeight, columns: shape.inputWidth)
    let weights = GuardedBuffer(
      random: shape.outputChannels * shape.inputChannels * shape.kernel.0 * shape.kernel.1, &random)
    let bias = GuardedBuffer(random: shape.outputChannels, &random)
    if let channel { bias[channel] = exception.value }
    let output = shape.output()
    let result = try PackedConvolution(algorithm, arguments, output: output, weights: weights, bias: bias).run(&random)
    #expect(result.untouched)
    return result.notFinite
  }

  @Test(arguments: KernelTier.available, channelCounts)
  func directConvolution(tier: KernelTier, channels: Int) throws {
    let shapes = [
      ConvolutionCase(
        inputChannels: 5, outputChannels: channels, height: 3, width: 15, kernel: (2, 3), inputNeighbours: (1, 2),
        outputNeighbours: (3, 1), outputGap: 2),
      ConvolutionCase(inputChannels: 3, outputChannels: channels, height: 4, width: 7, outputNeighbours: (1, 1)),
      // One pixel, with blocks enough for the tile of its own.
      ConvolutionCase(inputChannels: 9, outputChannels: channels + 256, outputNeighbours: (1, 1)),
    ]
    for shape in shapes {
      let found = try convolutionFinds(tier.table.f32_direct, shape, channel: nil, .infinity, threads: 2)
      #expect(!found, "\(shape)")
      for exception in Exception.allCases {
        for channel in [0, channels / 2, shape.outputChannels - 1] {
          let found = try convolutionFinds(tier.table.f32_direct, shape, channel: channel, exception, threads: 2)
          #expect(found, "\(shape), \(exception) in channel \(channel)")
        }
      }
    }
  }

  @Test(arguments: KernelTier.available, [16, 17, 33, 48])
  func winogradConvolution(tier: KernelTier, channels: Int) throws {
    let shapes = [(7, 3, 1), (22, 3, 1), (20, 5, 1), (13, 7, 2)].map { size, kernel, stride in
      ConvolutionCase(
        inputChannels: stride == 2 ? 3 : 19, outputChannels: channels, height: size, width: size + 2,
        kernel: (kernel, kernel), stride: (stride, stride), inputNeighbours: stride == 2 ? (0, 0) : (1, 2),
        outputNeighbours: (3, 1), outputGap: 2)
    }
    for shape in shapes {
      for threads: Int32 in [1, 8] {
        let found = try convolutionFinds(tier.table.f32_winograd, shape, channel: nil, .infinity, threads: threads)
        #expect(!found)
        for exception in Exception.allCases {
          for channel in [0, channels / 2, channels - 1] {
            let found = try convolutionFinds(
              tier.table.f32_winograd, shape, channel: channel, exception, threads: threads)
            #expect(found, "\(shape), \(exception) in channel \(channel), \(threads) threads")
          }
        }
      }
    }
  }

  /// A single output of many overflows, wherever it lies in its tile.
  @Test(arguments: KernelTier.available, [false, true])
  func oneOutputOfAConvolution(tier: KernelTier, isWinograd: Bool) throws {
    let algorithm = isWinograd ? tier.table.f32_winograd : tier.table.f32_direct
    let kernel = isWinograd ? 3 : 1
    let shape = ConvolutionCase(inputChannels: 16, outputChannels: 21, height: 9, width: 11, kernel: (kernel, kernel))
    var random = Random(seed: 32)
    var (arguments, input) = shape.prepare(algorithm)
    arguments.threads = 1
    let output = shape.output()
    // The middle tap alone.
    let weights = GuardedBuffer<Float>(count: shape.outputChannels * shape.inputChannels * kernel * kernel)
    for index in 0..<weights.count { weights[index] = index % (kernel * kernel) == kernel * kernel / 2 ? -1 : 0 }
    let convolution = try PackedConvolution(algorithm, arguments, output: output, weights: weights, bias: nil)
    for y in 0..<shape.height {
      for x in 0..<shape.width {
        for overflows in [true, false] {
          input.fill(&random, rows: shape.inputHeight, columns: shape.inputWidth)
          if overflows {
            for channel in 0..<shape.inputChannels { input[y + kernel / 2, x + kernel / 2, channel] = Self.large }
          }
          #expect(convolution.run(&random).notFinite == overflows, "(\(y), \(x))")
        }
      }
    }
  }

  // MARK: Other kernels

  @Test(arguments: KernelTier.available, channelCounts)
  func affine(tier: KernelTier, channels: Int) {
    let table = tier.table
    var random = Random(seed: 33)
    for (hasScale, hasShift) in [(true, true), (true, false), (false, true)] {
      for channel in [nil, 0, channels / 2, channels - 1] {
        for sign: Float in [1, -1] {
          let input = Activation(height: 2, width: 3, channels: channels, channelsBefore: 1, channelsAfter: 2)
          input.fill(&random)
          let output = Activation(height: 2, width: 3, channels: channels, channelsAfter: 1)
          let scale = GuardedBuffer(random: channels, &random)
          let shift = GuardedBuffer(random: channels, &random)
          if let channel {
            for x in 0..<3 { input[1, x, channel] = Self.large }
            scale[channel] = 4 * sign
            shift[channel] = Self.large * sign
            if !hasScale { for x in 0..<3 { input[1, x, channel] = Self.large * sign } }
          }
          var arguments = gln_f32_affine(
            input, output, scale: hasScale ? scale : nil, shift: hasShift ? shift : nil, minimum: 0, threads: 3)
          let result = observeUnits(
            table.f32_affine, arguments, counts: [table.f32_affine_units(&arguments)], &random)
          #expect(result.untouched && result.notFinite == (channel != nil))
        }
      }
    }
  }

  /// Bases beyond float32, whose power is 0; squares beyond it that alpha = 0 leaves out; powers beyond it, of a tiny k.
  @Test(arguments: KernelTier.available, channelCounts + [1030, 2100])
  func normalization(tier: KernelTier, channels: Int) {
    let table = tier.table
    var random = Random(seed: 34)
    for beta: Float in [0.75, 0.5, 0.6, 3] {
      for channel in [nil, 0, channels / 2, channels - 1] {
        for (alpha, k, value): (Float, Float, Float) in [(1e-4, 1, 1e20), (1e-4, 1, -3e38), (0, 1, 1e20)] {
          let input = Activation(height: 2, width: 2, channels: channels, channelsBefore: 1, channelsAfter: 2)
          input.fill(&random)
          if let channel { input[1, 0, channel] = value }
          let output = Activation(height: 2, width: 2, channels: channels)
          let found = normalizationFinds(table, input, output, alpha: alpha, beta: beta, k: k, &random)
          #expect(found == (channel != nil), "beta \(beta), alpha \(alpha), \(value) in channel \(channel ?? -1)")
        }
      }
    }
    let input = Activation(height: 2, width: 2, channels: channels, channelsBefore: 1, channelsAfter: 2)
    input.fill(&random, scale: 0)
    let output = Activation(height: 2, width: 2, channels: channels)
    // 1e-37 to the power of −0.75 is 5.6e27, to that of −3 infinite, which of 0 makes NaN.
    #expect(!normalizationFinds(table, input, output, alpha: 1, beta: 0.75, k: 1e-37, &random))
    #expect(normalizationFinds(table, input, output, alpha: 1, beta: 3, k: 1e-37, &random))
    input[1, 1, channels - 1] = 1e15
    #expect(normalizationFinds(table, input, output, alpha: 0, beta: 0.75, k: 1e-37, &random))
  }

  private func normalizationFinds(
    _ table: gln_kernel_table, _ input: Activation, _ output: Activation, alpha: Float, beta: Float, k: Float,
    _ random: inout Random
  ) -> Bool {
    let shape = NormalizationCase(
      channels: input.channels, height: input.height, width: input.width, alpha: alpha, beta: beta, k: k)
    var arguments = shape.arguments(input, output, threads: 3)
    let result = observeUnits(
      table.f32_normalization, arguments, counts: [table.f32_normalization_units(&arguments)], &random)
    #expect(result.untouched)
    return result.notFinite
  }

  @Test(arguments: KernelTier.available, channelCounts)
  func averagePooling(tier: KernelTier, channels: Int) {
    let table = tier.table
    var random = Random(seed: 35)
    let shape = PoolingCase(channels: channels, height: 5, width: 6, kernel: (2, 2), stride: (2, 2))
    for channel in [nil, 0, channels / 2, channels - 1] {
      for sign: Float in [1, -1] {
        let input = Activation(height: 5, width: 6, channels: channels, channelsBefore: 2, channelsAfter: 1)
        input.fill(&random)
        if let channel {
          (input[2, 4, channel], input[3, 4, channel]) = (Self.large * sign, Self.large * sign)
        }
        let output = Activation(
          height: shape.outputHeight, width: shape.outputWidth, channels: channels, channelsAfter: 1)
        var arguments = shape.arguments(input, output, threads: 2)
        let result = observeUnits(
          table.f32_average_pooling, arguments, counts: [table.pooling_units(&arguments)], &random)
        #expect(result.untouched && result.notFinite == (channel != nil))
      }
    }
  }

  /// Of finite values, however far apart, softmax has finite results.
  @Test(arguments: KernelTier.available, channelCounts)
  func softmax(tier: KernelTier, count: Int) {
    var random = Random(seed: 36)
    let input = Activation(height: 1, width: 1, channels: count)
    for place in 0..<count { input[0, 0, place] = place % 2 == 0 ? -.greatestFiniteMagnitude : random.value() }
    input[0, 0, count - 1] = .greatestFiniteMagnitude
    let output = Activation(height: 1, width: 1, channels: count)
    let arguments = gln_f32_softmax(input: input.pointer, output: output.pointer, count: Int32(count))
    #expect(runUnits(tier.table.f32_softmax, arguments, counts: [1], &random))
    #expect((0..<count).allSatisfy { output[0, 0, $0] == ($0 == count - 1 ? 1 : 0) })
  }

  @Test(arguments: KernelTier.available, 1...4)
  func pixels(tier: KernelTier, channels: Int) {
    let table = tier.table
    var random = Random(seed: 37)
    for scale in [1e36 as Float, 2e36, -2e36] {
      for byte: UInt8 in [10, 200] {
        let pixels = GuardedBuffer<UInt8>(count: 4 * 5 * channels)
        for index in 0..<pixels.count { pixels[index] = 10 }
        pixels[13 * channels + channels - 1] = byte
        let output = Activation(height: 4, width: 5, channels: channels, channelsAfter: 1)
        var arguments = gln_f32_pixels()
        arguments.pixels = UnsafePointer(pixels.pointer)
        arguments.output = output.pointer
        arguments.row_stride = 5 * channels
        arguments.output_row_stride = output.rowStride
        arguments.output_pixel_stride = output.pixelStride
        (arguments.height, arguments.width) = (4, 5)
        (arguments.pixel_bytes, arguments.channels) = (Int32(channels), Int32(channels))
        arguments.channel_offsets = (0, 1, 2, 3)
        withUnsafeMutablePointer(to: &arguments.scale) {
          UnsafeMutableRawPointer($0).assumingMemoryBound(to: Float.self)[channels - 1] = scale
        }
        let result = observeUnits(
          table.f32_pixels, arguments, counts: [table.f32_pixels_units(&arguments)], &random)
        #expect(result.untouched && result.notFinite == (abs(scale) > 1e36 && byte == 200))
      }
    }
  }

  // MARK: Integers

  @Test(arguments: KernelTier.available, channelCounts)
  func bytesToFloats(tier: KernelTier, channels: Int) {
    let table = tier.table
    var random = Random(seed: 38)
    for channel in [nil, 0, channels / 2, channels - 1] {
      // What surrounds the values would overflow.
      let input = ExactActivation<UInt8>(height: 2, width: 3, channels: channels, neighbours: (2, 1))
      input.fill { 7 }
      if let channel { input[1, 2, channel] = 200 }
      for averages in [false, true] {
        let output = ExactActivation<Float>(height: 2, width: 3, channels: channels, neighbours: (1, 1))
        let result: UnitRun
        if averages {
          var arguments = PoolingCase(channels: channels, height: 2, width: 3, kernel: (1, 1))
            .arguments(input, output, threads: 2)
          arguments.scale = 2e36
          result = observeUnits(
            table.u8_average_pooling, arguments, counts: [table.pooling_units(&arguments)], &random)
        } else {
          var arguments = gln_u8_conversion(input, output, multiplier: 2e36, threads: 3)
          result = observeUnits(
            table.u8_dequantize, arguments, counts: [table.u8_conversion_units(&arguments)], &random)
        }
        #expect(result.untouched && result.notFinite == (channel != nil))
      }
    }
  }

  @Test(arguments: KernelTier.availableIntegerConvolutions, channelCounts)
  func integerConvolution(tier: KernelTier, channels: Int) {
    for kernel in [1, 3] {
      for (height, width) in [(1, 1), (5, 13)] where kernel == 1 || height > 1 {
        let shape = ConvolutionCase(
          inputChannels: 6, outputChannels: channels + (height == 1 ? 256 : 0), height: height, width: width,
          kernel: (kernel, kernel), inputNeighbours: (1, 2), outputNeighbours: (1, 1))
        integerConvolution(tier, shape, .direct)
        integerConvolution(tier, shape, .wide)
        if kernel == 3 {
          integerConvolution(tier, shape, .winograd)
          integerConvolution(tier, shape, .wideWinograd)
        }
      }
    }
  }

  private func integerConvolution<Weight: FixedWidthInteger & BitwiseCopyable>(
    _ tier: KernelTier, _ shape: ConvolutionCase, _ record: IntegerRecord<Weight>
  ) {
    let algorithm = tier.table[keyPath: record.place]
    var random = Random(seed: 39)
    var (arguments, input) = shape.prepare(algorithm, GLN_INTEGER_OUTPUT_F32)
    arguments.threads = 2
    input.fill { 255 }
    let taps = shape.inputChannels * shape.kernel.0 * shape.kernel.1
    let weights = GuardedBuffer<Weight>(count: shape.outputChannels * taps)
    for index in 0..<weights.count { weights[index] = index / taps % 2 == 0 ? 100 : -100 }
    let bias = GuardedBuffer<Int32>(count: shape.outputChannels)
    let multipliers = GuardedBuffer<Float>(count: shape.outputChannels)
    let output = ExactActivation<Float>(
      height: shape.height, width: shape.width, channels: shape.outputChannels, neighbours: shape.outputNeighbours)
    arguments.output = UnsafeMutableRawPointer(output.pointer)
    arguments.output_row_stride = output.rowStride
    arguments.output_pixel_stride = output.pixelStride
    let packed = GuardedBuffer<UInt8>(count: algorithm.packed_size(&arguments))
    arguments.weights = UnsafeRawPointer(packed.pointer)
    for channel in [nil, 0, shape.outputChannels / 2, shape.outputChannels - 1] {
      for index in 0..<shape.outputChannels {
        bias[index] = 0
        multipliers[index] = index == channel ? 3e34 : 1e-3
      }
      algorithm.pack(&arguments, weights.pointer, bias.pointer, multipliers.pointer, packed.pointer)
      let result = observeUnits(
        algorithm.run, arguments, counts: [algorithm.unit_count(&arguments)],
        scratchSize: algorithm.scratch_size(&arguments), &random)
      #expect(result.untouched && result.notFinite == (channel != nil), "channel \(channel ?? -1)")
    }
  }
}
