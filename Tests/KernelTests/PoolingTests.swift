import CKernels
import Testing

/// The shape of a pooling to test.
struct PoolingCase: CustomTestStringConvertible {
  var channels = 1
  var height = 1
  var width = 1
  var kernel = (3, 3)
  var stride = (1, 1)
  /// Top, left, bottom, right.
  var padding = (0, 0, 0, 0)
  /// Whether a last window that is only partly inside the padded image counts.
  var ceil = false
  var countIncludesPadding = false
  var neighbours = (0, 0)
  var gap = 0

  var testDescription: String {
    "\(channels) × \(height) × \(width), kernel \(kernel), stride \(stride), padding \(padding), ceil \(ceil), "
      + "counts padding \(countIncludesPadding), neighbours \(neighbours), gap \(gap)"
  }

  static let all: [PoolingCase] = {
    var cases: [PoolingCase] = [
      .init(channels: 64, height: 12, width: 12, stride: (2, 2), ceil: true),
      .init(channels: 96, height: 7, width: 7, padding: (1, 1, 1, 1), neighbours: (16, 3), gap: 2),
      .init(channels: 48, height: 14, width: 14, kernel: (2, 2), stride: (2, 2), ceil: true),
      .init(channels: 100, height: 7, width: 7, kernel: (7, 7)),
      .init(channels: 20, height: 5, width: 9, kernel: (5, 9)),
      .init(channels: 3, height: 8, width: 11, kernel: (2, 3), stride: (3, 2), padding: (1, 2, 0, 1), ceil: true),
      .init(channels: 3, height: 8, width: 11, stride: (2, 2), padding: (0, 0, 1, 1), countIncludesPadding: true),
      .init(
        channels: 5, height: 6, width: 6, stride: (2, 2), padding: (1, 1, 1, 1), ceil: true, countIncludesPadding: true),
      .init(channels: 7, height: 4, width: 5, kernel: (1, 1), stride: (2, 3)),
    ]
    for channels in 1...70 {
      cases.append(
        .init(
          channels: channels, height: 3 + channels % 4, width: 3 + channels % 5, padding: (1, 1, 1, 1),
          neighbours: (channels % 3, channels % 2)))
    }
    return cases
  }()

  func outputSize(_ size: Int, _ kernel: Int, _ stride: Int, _ before: Int, _ after: Int) -> Int {
    let span = size + before + after - kernel
    let count = (ceil ? (span + stride - 1) / stride : span / stride) + 1
    // A window that would begin beyond the image is dropped.
    return (count - 1) * stride - before >= size ? count - 1 : count
  }

  var outputHeight: Int { outputSize(height, kernel.0, stride.0, padding.0, padding.2) }
  var outputWidth: Int { outputSize(width, kernel.1, stride.1, padding.1, padding.3) }

  func arguments(_ input: some ChannelsLastImage, _ output: some ChannelsLastImage, threads: Int32) -> gln_pooling {
    var arguments = gln_pooling()
    arguments.input = UnsafeRawPointer(input.pointer)
    arguments.output = UnsafeMutableRawPointer(output.pointer)
    arguments.input_row_stride = input.rowStride
    arguments.input_pixel_stride = input.pixelStride
    arguments.output_row_stride = output.rowStride
    arguments.output_pixel_stride = output.pixelStride
    arguments.channels = Int32(channels)
    arguments.input_height = Int32(height)
    arguments.input_width = Int32(width)
    arguments.output_height = Int32(outputHeight)
    arguments.output_width = Int32(outputWidth)
    arguments.kernel_height = Int32(kernel.0)
    arguments.kernel_width = Int32(kernel.1)
    arguments.stride_height = Int32(stride.0)
    arguments.stride_width = Int32(stride.1)
    arguments.padding_top = Int32(padding.0)
    arguments.padding_left = Int32(padding.1)
    arguments.padding_bottom = Int32(padding.2)
    arguments.padding_right = Int32(padding.3)
    arguments.count_includes_padding = countIncludesPadding ? 1 : 0
    arguments.threads = threads
    return arguments
  }

  func reference(_ input: Activation, average: Bool) -> Reference {
    var reference = Reference()
    for y in 0..<outputHeight {
      for x in 0..<outputWidth {
        for channel in 0..<channels {
          var largest = -Double.infinity
          var sum = 0.0
          var magnitude = 0.0
          var inside = 0
          var padded = 0
          for ky in 0..<kernel.0 {
            for kx in 0..<kernel.1 {
              let row = y * stride.0 + ky - padding.0
              let column = x * stride.1 + kx - padding.1
              if row < height + padding.2 && column < width + padding.3 { padded += 1 }
              guard row >= 0, row < height, column >= 0, column < width else { continue }
              let value = Double(input[row, column, channel])
              largest = max(largest, value)
              sum += value
              magnitude += abs(value)
              inside += 1
            }
          }
          let count = Double(countIncludesPadding ? padded : inside)
          if average {
            reference.append(sum / count, tolerance: 3e-7 * magnitude / count)
          } else {
            reference.append(largest, tolerance: 0)
          }
        }
      }
    }
    return reference
  }
}

@Suite struct PoolingTests {
  @Test(arguments: KernelTier.available, PoolingCase.all)
  func maximum(tier: KernelTier, shape: PoolingCase) { check(tier, shape, average: false) }

  @Test(arguments: KernelTier.available, PoolingCase.all)
  func average(tier: KernelTier, shape: PoolingCase) { check(tier, shape, average: true) }

  private func check(_ tier: KernelTier, _ shape: PoolingCase, average: Bool) {
    let table = tier.table
    var random = Random(seed: 2)
    let input = Activation(
      height: shape.height, width: shape.width, channels: shape.channels, channelsBefore: shape.neighbours.0,
      channelsAfter: shape.neighbours.1, rowGap: shape.gap)
    input.fill(&random)
    let reference = shape.reference(input, average: average)
    var first: Activation?
    for threads: Int32 in [1, 3] {
      let output = Activation(
        height: shape.outputHeight, width: shape.outputWidth, channels: shape.channels,
        channelsBefore: shape.neighbours.1, channelsAfter: shape.neighbours.0, rowGap: shape.gap)
      var arguments = shape.arguments(input, output, threads: threads)
      let units = table.pooling_units(&arguments)
      let untouched = runUnits(
        average ? table.f32_average_pooling : table.f32_max_pooling, arguments, counts: [units], &random)
      #expect(untouched)
      if let first {
        #expect(output.hasSameBits(as: first))
      } else {
        output.expect(reference)
        first = output
      }
    }
  }
}
