import CKernels
import Testing

/// How 8-bit pixels lie in memory.
struct PixelCase: CustomTestStringConvertible {
  var pixelBytes: Int
  var offsets: [Int]
  var width: Int
  var rowPadding = 0
  var neighbours = 0

  var testDescription: String {
    "\(pixelBytes) bytes, channels at \(offsets), width \(width), padding \(rowPadding), neighbours \(neighbours)"
  }

  static let all: [PixelCase] = [1, 2, 3, 5, 8, 15, 16, 17, 31, 33, 64, 67].flatMap { width in
    [
      .init(pixelBytes: 3, offsets: [0, 1, 2], width: width),
      .init(pixelBytes: 3, offsets: [2, 1, 0], width: width, rowPadding: 7),
      .init(pixelBytes: 4, offsets: [0, 1, 2], width: width, neighbours: 1),
      .init(pixelBytes: 4, offsets: [3, 2, 1, 0], width: width),
      .init(pixelBytes: 1, offsets: [0], width: width, rowPadding: 1),
      .init(pixelBytes: 1, offsets: [0, 0, 0], width: width),
      .init(pixelBytes: 2, offsets: [1, 0], width: width, neighbours: 3),
    ]
  }
}

@Suite struct InputTests {
  @Test(arguments: KernelTier.available, PixelCase.all)
  func pixels(tier: KernelTier, shape: PixelCase) {
    let table = tier.table
    var random = Random(seed: 7)
    let height = 5
    let channels = shape.offsets.count
    let rowStride = shape.width * shape.pixelBytes + shape.rowPadding
    let pixels = GuardedBuffer<UInt8>(count: height * rowStride - shape.rowPadding)
    for index in 0..<pixels.count { pixels[index] = UInt8(truncatingIfNeeded: random.next()) }
    let mean: [Float] = [104, 117.5, 123.25, 7]
    let scale: [Float] = [1, 0.017, 0.5, -2]
    let output = Activation(
      height: height, width: shape.width, channels: channels, channelsAfter: shape.neighbours, rowGap: shape.neighbours)
    var reference = Reference()
    for y in 0..<height {
      for x in 0..<shape.width {
        for channel in 0..<channels {
          let byte = Double(pixels[y * rowStride + x * shape.pixelBytes + shape.offsets[channel]])
          let value = (byte - Double(mean[channel])) * Double(scale[channel])
          reference.append(value, tolerance: 2e-7 * abs(value))
        }
      }
    }
    var arguments = gln_f32_pixels()
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
    arguments.mean = (mean[0], mean[1], mean[2], mean[3])
    arguments.scale = (scale[0], scale[1], scale[2], scale[3])
    #expect(runUnits(table.f32_pixels, arguments, counts: [table.f32_pixels_units(&arguments)], &random))
    output.expect(reference)
  }

  @Test(arguments: KernelTier.available, [1, 2, 3, 4, 16, 37])
  func planes(tier: KernelTier, channels: Int) {
    let table = tier.table
    var random = Random(seed: 8)
    for (height, width) in [(1, 1), (3, 5), (7, 16), (4, 33)] {
      let planes = GuardedBuffer(random: channels * height * width, &random)
      let output = Activation(
        height: height, width: width, channels: channels, channelsBefore: channels % 2, channelsAfter: 1, rowGap: 2)
      var reference = Reference()
      for y in 0..<height {
        for x in 0..<width {
          for channel in 0..<channels {
            reference.append(Double(planes[(channel * height + y) * width + x]), tolerance: 0)
          }
        }
      }
      var arguments = gln_f32_planes()
      arguments.planes = UnsafePointer(planes.pointer)
      arguments.output = output.pointer
      arguments.output_row_stride = output.rowStride
      arguments.output_pixel_stride = output.pixelStride
      arguments.height = Int32(height)
      arguments.width = Int32(width)
      arguments.channels = Int32(channels)
      #expect(runUnits(table.f32_planes, arguments, counts: [table.f32_planes_units(&arguments)], &random))
      output.expect(reference)
    }
  }
}
