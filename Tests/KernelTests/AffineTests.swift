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
      var arguments = gln_f32_affine(
        input, output, scale: hasScale ? scale : nil, shift: hasShift ? shift : nil, minimum: minimum, threads: threads)
      #expect(runUnits(table.f32_affine, arguments, counts: [table.f32_affine_units(&arguments)], &random))
      output.expect(reference)
    }
  }
}

extension gln_f32_affine {
  init(
    _ input: Activation, _ output: Activation, scale: GuardedBuffer<Float>?, shift: GuardedBuffer<Float>?,
    minimum: Float, threads: Int32
  ) {
    self.init()
    self.input = UnsafePointer(input.pointer)
    self.output = output.pointer
    self.scale = scale.map { UnsafePointer($0.pointer) }
    self.shift = shift.map { UnsafePointer($0.pointer) }
    input_row_stride = input.rowStride
    input_pixel_stride = input.pixelStride
    output_row_stride = output.rowStride
    output_pixel_stride = output.pixelStride
    height = Int32(input.height)
    width = Int32(input.width)
    channels = Int32(input.channels)
    self.minimum = minimum
    self.threads = threads
  }
}
