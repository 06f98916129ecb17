import CKernels
import Glibc
import Testing

@Suite struct IntegerNormalizationTests {
  /// Every number of channels around the vectors' sizes, those of the network, and more than one chunk.
  @Test(arguments: KernelTier.available, Array(1...70) + [96, 192, 200, 1024, 1030, 2500])
  func normalization(tier: KernelTier, channels: Int) {
    for size in channels > 1000 ? [5, 2047] : [1, 3, 5, 9, 151] {
      for (k, alpha) in [(Float(1), Float(2e-5)), (2, 1e-4), (1, 0.02), (1e-3, 3)] {
        check(tier, channels, size: size, k: k, alpha: alpha)
      }
    }
  }

  private func check(_ tier: KernelTier, _ channels: Int, size: Int, k: Float, alpha: Float) {
    let table = tier.table
    var random = Random(seed: 13)
    let height = channels > 1000 ? 1 : 2
    let width = 1 + channels % 9
    let input = ExactActivation<UInt16>(
      height: height, width: width, channels: channels, neighbours: (channels % 5, channels % 3), rowGap: channels % 2)
    input.fill(&random)
    var arguments = gln_u16_normalization()
    arguments.input = UnsafePointer(input.pointer)
    arguments.input_row_stride = input.rowStride
    arguments.input_pixel_stride = input.pixelStride
    arguments.height = Int32(height)
    arguments.width = Int32(width)
    arguments.channels = Int32(channels)
    arguments.size = Int32(size)
    arguments.input_scale = 0.0043
    arguments.alpha = alpha
    arguments.k = k
    arguments.output_multiplier = 1.7
    var expected: [UInt8] = []
    for y in 0..<height {
      for x in 0..<width {
        for channel in 0..<channels { expected.append(normalized(arguments, input, y, x, channel)) }
      }
    }
    for threads: Int32 in [1, 3] {
      let output = ExactActivation<UInt8>(
        height: height, width: width, channels: channels, neighbours: (channels % 2, channels % 4), rowGap: 3)
      arguments.output = output.pointer
      arguments.output_row_stride = output.rowStride
      arguments.output_pixel_stride = output.pixelStride
      arguments.threads = threads
      #expect(
        runUnits(table.u16_normalization, arguments, counts: [table.u16_normalization_units(&arguments)], &random))
      output.expect(expected, "size \(size), k \(k), alpha \(alpha), \(threads) threads")
    }
  }

  /// The kernel's operations one by one, and whether they come to what the formula says.
  private func normalized(
    _ arguments: gln_u16_normalization, _ input: ExactActivation<UInt16>, _ y: Int, _ x: Int, _ channel: Int
  ) -> UInt8 {
    let reach = Int(arguments.size) / 2
    var sum: Float = 0
    var sumOfUpperBits = 0
    var exactSum = 0.0
    for other in Swift.max(0, channel - reach)...Swift.min(input.channels - 1, channel + reach) {
      let value = input[y, x, other]
      sum += Float(value) * Float(value)
      sumOfUpperBits += Int(value / 4) * Int(value / 4)
      exactSum += Double(value) * Double(value)
    }
    let scale = arguments.input_scale
    let alpha = arguments.alpha * (scale * scale)
    let base =
      arguments.size == 5
      ? alpha * 16 * Float(sumOfUpperBits) + arguments.k : alpha * sum + arguments.k
    let value = scaled(Float(input[y, x, channel]), by: base, scale * arguments.output_multiplier)
    let exactBase = Double(arguments.k) + Double(arguments.alpha) * Double(scale) * Double(scale) * exactSum
    let exact =
      Double(input[y, x, channel]) * Double(scale) * Double(arguments.output_multiplier) * pow(exactBase, -0.75)
    // What the lower two bits of each of five inputs are worth.
    let lost = arguments.size == 5 ? 2 * 3 * (5 * exactSum).squareRoot() * Double(alpha) / exactBase : 0
    #expect(abs(Double(value) - exact) <= exact * (1.2e-4 + 1.2e-7 * Double(arguments.size) + lost))
    return value.rounded(to: UInt8.self)
  }

  private func scaled(_ value: Float, by base: Float, _ multiplier: Float) -> Float {
    let y = Float(bitPattern: 0x6F0D_0000 - base.bitPattern + base.bitPattern >> 2)
    let root = y * y * base
    let t = root * root * base
    let square: Float = 0.218_878_4 * multiplier
    let linear: Float = -0.680_972_3 * multiplier
    let constant: Float = 1.462_187_8 * multiplier
    return y * value * ((square * t + linear) * t + constant)
  }
}
