import CKernels
import Testing

@Suite struct ByteConversionTests {
  @Test(arguments: KernelTier.available, Array(1...70) + [192, 255])
  func quantize(tier: KernelTier, channels: Int) {
    var random = Random(seed: 14)
    let special: [Float] = [
      0.5, 1.5, 2.5, 254.5, 255.4, 255.5, 256, 1e30, .infinity, -0.4, -1, -1e30, -.infinity, .nan,
      .leastNonzeroMagnitude,
    ]
    check(
      tier.table.u8_quantize, tier, channels, multiplier: 1,
      { $0 % 3 == 0 ? special[$0 / 3 % special.count] : random.value() * 200 + 100 },
      { value, multiplier in (value * multiplier).rounded(to: UInt8.self) })
    check(
      tier.table.u8_quantize, tier, channels, multiplier: 17.3, { _ in random.value() * 20 },
      { value, multiplier in (value * multiplier).rounded(to: UInt8.self) })
  }

  @Test(arguments: KernelTier.available, Array(1...70) + [192, 255])
  func dequantize(tier: KernelTier, channels: Int) {
    var random = Random(seed: 15)
    check(
      tier.table.u8_dequantize, tier, channels, multiplier: 0.0313, { _ in UInt8.withExtremes(&random) },
      { value, multiplier in Float(value) * multiplier })
  }

  private func check<Input: BitwiseCopyable, Output: BitwiseCopyable & Equatable>(
    _ kernel: gln_run_unit, _ tier: KernelTier, _ channels: Int, multiplier: Float, _ value: (Int) -> Input,
    _ convert: (Input, Float) -> Output
  ) {
    let table = tier.table
    var random = Random(seed: 16)
    let height = 2
    let width = 1 + channels % 4
    let input = ExactActivation<Input>(
      height: height, width: width, channels: channels, neighbours: (channels % 5, channels % 3), rowGap: channels % 2)
    var expected: [Output] = []
    for y in 0..<height {
      for x in 0..<width {
        for channel in 0..<channels {
          input[y, x, channel] = value(expected.count)
          expected.append(convert(input[y, x, channel], multiplier))
        }
      }
    }
    for threads: Int32 in [1, 3] {
      let output = ExactActivation<Output>(
        height: height, width: width, channels: channels, neighbours: (channels % 2, channels % 4), rowGap: 3)
      var arguments = gln_u8_conversion(input, output, multiplier: multiplier, threads: threads)
      #expect(runUnits(kernel, arguments, counts: [table.u8_conversion_units(&arguments)], &random))
      output.expect(expected)
    }
  }

  @Test(arguments: KernelTier.available, PixelCase.all)
  func pixels(tier: KernelTier, shape: PixelCase) {
    let table = tier.table
    var random = Random(seed: 17)
    let height = 5
    let channels = shape.offsets.count
    let rowStride = shape.width * shape.pixelBytes + shape.rowPadding
    let pixels = GuardedBuffer<UInt8>(count: height * rowStride - shape.rowPadding)
    for index in 0..<pixels.count { pixels[index] = UInt8(truncatingIfNeeded: random.next()) }
    let output = ExactActivation<UInt8>(
      height: height, width: shape.width, channels: channels, neighbours: (0, shape.neighbours),
      rowGap: shape.neighbours)
    var expected: [UInt8] = []
    for y in 0..<height {
      for x in 0..<shape.width {
        for offset in shape.offsets { expected.append(pixels[y * rowStride + x * shape.pixelBytes + offset]) }
      }
    }
    var arguments = gln_u8_pixels()
    arguments.pixels = UnsafePointer(pixels.pointer)
    arguments.output = output.pointer
    arguments.row_stride = rowStride
    arguments.output_row_stride = output.rowStride
    arguments.output_pixel_stride = output.pixelStride
    arguments.height = Int32(height)
    arguments.width = Int32(shape.width)
    arguments.pixel_bytes = Int32(shape.pixelBytes)
    arguments.channels = Int32(channels)
    let offsets = shape.offsets + [Int](repeating: 0, count: 4 - channels)
    arguments.channel_offsets = (Int32(offsets[0]), Int32(offsets[1]), Int32(offsets[2]), Int32(offsets[3]))
    #expect(runUnits(table.u8_pixels, arguments, counts: [table.u8_pixels_units(&arguments)], &random))
    output.expect(expected)
  }
}

extension gln_u8_conversion {
  init(_ input: some ChannelsLastImage, _ output: some ChannelsLastImage, multiplier: Float, threads: Int32) {
    self.init()
    self.input = UnsafeRawPointer(input.pointer)
    self.output = UnsafeMutableRawPointer(output.pointer)
    input_row_stride = input.rowStride
    input_pixel_stride = input.pixelStride
    output_row_stride = output.rowStride
    output_pixel_stride = output.pixelStride
    height = Int32(input.height)
    width = Int32(input.width)
    channels = Int32(input.channels)
    self.multiplier = multiplier
    self.threads = threads
  }
}
