import CKernels
import Testing

@Suite struct SumTests {
  /// Every number of channels around the vectors' sizes, exact: the summands are added in their order.
  @Test(arguments: KernelTier.available, Array(1...70) + [192, 255])
  func sum(tier: KernelTier, channels: Int) {
    for count in [1, 2, 3, 7] {
      for minimum in [-Float.infinity, 0] { check(tier, channels, count, minimum: minimum) }
    }
  }

  private func check(_ tier: KernelTier, _ channels: Int, _ count: Int, minimum: Float) {
    let table = tier.table
    var random = Random(seed: 9)
    let (height, width) = (2, 1 + channels % 4)
    let inputs = (0..<count).map { place in
      let image = Activation(
        height: height, width: width, channels: channels, channelsBefore: (channels + place) % 5,
        channelsAfter: place % 3, rowGap: place % 2)
      image.fill(&random)
      return image
    }
    var reference = Reference()
    for y in 0..<height {
      for x in 0..<width {
        for channel in 0..<channels {
          let sum = inputs.dropFirst().reduce(inputs[0][y, x, channel]) { $0 + $1[y, x, channel] }
          reference.append(Double(max(sum, minimum)), tolerance: 0)
        }
      }
    }
    for (threads, inPlace) in [(Int32(1), false), (3, false), (2, true)] {
      let output =
        inPlace
        ? inputs[count / 2]
        : Activation(height: height, width: width, channels: channels, channelsBefore: channels % 2)
      let summands = inputs.map {
        gln_f32_summand(values: $0.pointer, row_stride: $0.rowStride, pixel_stride: $0.pixelStride)
      }
      summands.withUnsafeBufferPointer { summands in
        var arguments = gln_f32_sum(
          summands: summands.baseAddress, output: output.pointer, output_row_stride: output.rowStride,
          output_pixel_stride: output.pixelStride, summand_count: Int32(count), height: Int32(height),
          width: Int32(width), channels: Int32(channels), minimum: minimum, threads: threads)
        #expect(runUnits(table.f32_sum, arguments, counts: [table.f32_sum_units(&arguments)], &random))
      }
      output.expect(reference)
    }
  }

  @Test(arguments: KernelTier.available) func overflowIsFound(tier: KernelTier) {
    let table = tier.table
    var random = Random(seed: 1)
    let input = Activation(height: 1, width: 2, channels: 19)
    input.fill(&random)
    input[0, 1, 18] = -3e38
    let output = Activation(height: 1, width: 2, channels: 19)
    let summand = gln_f32_summand(
      values: input.pointer, row_stride: input.rowStride, pixel_stride: input.pixelStride)
    [summand, summand].withUnsafeBufferPointer { summands in
      var arguments = gln_f32_sum(
        summands: summands.baseAddress, output: output.pointer, output_row_stride: output.rowStride,
        output_pixel_stride: output.pixelStride, summand_count: 2, height: 1, width: 2, channels: 19, minimum: 0,
        threads: 1)
      let run = observeUnits(table.f32_sum, arguments, counts: [table.f32_sum_units(&arguments)], &random)
      #expect(run.untouched && run.notFinite)
    }
  }
}
