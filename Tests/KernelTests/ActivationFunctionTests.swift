import CKernels
import Foundation
import Testing

@Suite struct ActivationFunctionTests {
  private static let functions: [gln_activation_function] = [GLN_SIGMOID, GLN_PRELU, GLN_CLIPPED_RELU]

  private func arguments(
    _ function: gln_activation_function, _ input: Activation, _ output: Activation, slopes: GuardedBuffer<Float>,
    threads: Int32
  ) -> gln_f32_activation {
    gln_f32_activation(
      input: input.pointer, output: output.pointer, slopes: slopes.pointer, input_row_stride: input.rowStride,
      input_pixel_stride: input.pixelStride, output_row_stride: output.rowStride,
      output_pixel_stride: output.pixelStride, height: Int32(input.height), width: Int32(input.width),
      channels: Int32(input.channels), function: function, maximum: 0.75, threads: threads)
  }

  /// Every number of channels around the vectors' sizes; the sigmoid alone rounds.
  @Test(arguments: KernelTier.available, Array(1...70) + [192, 255])
  func functions(tier: KernelTier, channels: Int) {
    let table = tier.table
    var random = Random(seed: 8)
    let (height, width) = (2, 1 + channels % 4)
    for function in Self.functions {
      let input = Activation(
        height: height, width: width, channels: channels, channelsBefore: channels % 5, channelsAfter: channels % 3,
        rowGap: channels % 2)
      input.fill(&random, scale: function == GLN_SIGMOID ? 30 : 2)
      let slopes = GuardedBuffer(random: channels, &random)
      var reference = Reference()
      for y in 0..<height {
        for x in 0..<width {
          for channel in 0..<channels {
            let value = input[y, x, channel]
            switch function {
            case GLN_SIGMOID:
              let result = 1 / (1 + exp(-Double(value)))
              reference.append(result, tolerance: 1e-6 * result)
            case GLN_PRELU: reference.append(Double(value > 0 ? value : value * slopes[channel]), tolerance: 0)
            default: reference.append(Double(min(max(value, 0), 0.75)), tolerance: 0)
            }
          }
        }
      }
      for (threads, inPlace) in [(Int32(1), false), (3, false), (2, true)] {
        let output =
          inPlace
          ? input : Activation(height: height, width: width, channels: channels, channelsBefore: channels % 2)
        var arguments = arguments(function, input, output, slopes: slopes, threads: threads)
        #expect(
          runUnits(table.f32_activation, arguments, counts: [table.f32_activation_units(&arguments)], &random))
        output.expect(reference)
      }
    }
  }

  /// Of whatever finite values, the largest included, every tier gives the same bits; slopes alone make them infinite.
  @Test func extremesAreTheSameOnEveryTier() {
    let values: [Float] = [
      0, -0.0, Float.leastNonzeroMagnitude, -Float.leastNonzeroMagnitude, 1e-38, -87.5, 87.5, -88.5, 88.5, -104, 104,
      -1e30, 1e30, .greatestFiniteMagnitude,
      -.greatestFiniteMagnitude, 0.75, 0.749_999_94, 6, -6, 1,
    ]
    var random = Random(seed: 2)
    let input = Activation(height: 1, width: 1, channels: values.count)
    for (channel, value) in values.enumerated() { input[0, 0, channel] = value }
    let slopes = GuardedBuffer(random: values.count, &random)
    for channel in values.indices { slopes[channel] = -0.5 }
    for function in Self.functions {
      var first: Activation?
      for tier in KernelTier.available {
        let output = Activation(height: 1, width: 1, channels: values.count)
        var arguments = arguments(function, input, output, slopes: slopes, threads: 1)
        let units = tier.table.f32_activation_units(&arguments)
        #expect(runUnits(tier.table.f32_activation, arguments, counts: [units], &random), "\(tier)")
        #expect(first.map { $0.hasSameBits(as: output) } ?? true, "\(tier)")
        first = first ?? output
      }
    }
    for channel in values.indices { slopes[channel] = 4 }
    for tier in KernelTier.available {
      let output = Activation(height: 1, width: 1, channels: values.count)
      var arguments = arguments(GLN_PRELU, input, output, slopes: slopes, threads: 1)
      let units = tier.table.f32_activation_units(&arguments)
      #expect(observeUnits(tier.table.f32_activation, arguments, counts: [units], &random).notFinite, "\(tier)")
    }
  }
}
