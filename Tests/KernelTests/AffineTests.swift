import CKernels
import Testing

@Suite struct AffineTests {
  /// Every number of channels around the vectors' sizes, with and without scale and shift.
  @Test(arguments: KernelTier.available, Array(1...70) + [192, 255])
  func affine(tier: KernelTier, channels: Int) {
    for (hasScale, hasShift) in [(true, true), (true, false), (false, true), (false, false)] {
      for minimum in [-Float.infinity, 0, 0.25] {
        check(tier, channels, hasScale: hasScale, hasShift: hasShift, minimum: minimum)
      }
    }
  }

  private func check(_ tier: KernelTier, _ channels: Int, hasScale: Bool, hasShift: Bool, minimum: Float) {
    let table = tier.table
    var random = Random(seed: 4)
    let height = 2
    let width = 1 + channels % 4
    func activation(_ before: Int) -> Activation {
      Activation(
        height: height, width: width, channels: channels, channelsBefore: before, channelsAfter: channels % 3,
        rowGap: channels % 2)
    }
    let input = activation(channels % 5)
    input.fill(&random)
    let scale = GuardedBuffer(random: channels, &random)
    let shift = GuardedBuffer(random: channels, &random)
    var reference = Reference()
    for y in 0..<height {
      for x in 0..<width {
        for channel in 0..<channels {
          let product = Double(input[y, x, channel]) * (hasScale ? Double(scale[channel]) : 1)
          let addend = hasShift ? Double(shift[channel]) : 0
          let exact = !hasScale && !hasShift
          reference.append(
            max(product + addend, Double(minimum)), tolerance: exact ? 0 : 2e-7 * (abs(product) + abs(addend)))
        }
      }
    }
    for (threads, inPlace) in [(Int32(1), false), (3, false), (2, true)] {
      let output = inPlace ? input : activation(channels % 2)
      var arguments = gln_f32_affine()
      arguments.input = UnsafePointer(input.pointer)
      arguments.output = output.pointer
      arguments.scale = hasScale ? UnsafePointer(scale.pointer) : nil
      arguments.shift = hasShift ? UnsafePointer(shift.pointer) : nil
      arguments.input_row_stride = input.rowStride
      arguments.input_pixel_stride = input.pixelStride
      arguments.output_row_stride = output.rowStride
      arguments.output_pixel_stride = output.pixelStride
      arguments.height = Int32(height)
      arguments.width = Int32(width)
      arguments.channels = Int32(channels)
      arguments.minimum = minimum
      arguments.threads = threads
      #expect(runUnits(table.f32_affine, arguments, counts: [table.f32_affine_units(&arguments)], &random))
      output.expect(reference)
    }
  }
}
