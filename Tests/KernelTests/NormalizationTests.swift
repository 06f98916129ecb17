import CKernels
import Glibc
import Testing

/// A local response normalization to test.
struct NormalizationCase: CustomTestStringConvertible {
  var channels = 1
  var height = 2
  var width = 3
  var size = 5
  var alpha: Float = 1e-4
  var beta: Float = 0.75
  var k: Float = 1
  /// The largest input.
  var scale: Float = 100
  var neighbours = (0, 0)
  var gap = 0

  var testDescription: String {
    "\(channels) × \(height) × \(width), size \(size), alpha \(alpha), beta \(beta), k \(k), neighbours \(neighbours)"
  }

  static let all: [NormalizationCase] = {
    var cases: [NormalizationCase] = [
      .init(channels: 192, height: 3, width: 5, alpha: 2e-5),
      .init(channels: 64, size: 3, alpha: 0.1, beta: 0.5, k: 2, neighbours: (8, 5), gap: 3),
      .init(channels: 40, size: 11, alpha: 0.01, beta: 1),
      .init(channels: 33, size: 7, alpha: 0.3, beta: 0.6, k: 1.5),
      .init(channels: 33, size: 5, alpha: 3, beta: 2.5, k: 0.01, scale: 1e-3),
      .init(channels: 20, size: 1, beta: 0.25),
      .init(channels: 9, size: 101),
      // More channels than are done at a time, and windows that reach from one such chunk into the next.
      .init(channels: 1024, height: 1, width: 2),
      .init(channels: 1025, height: 1, width: 2),
      .init(channels: 2500, height: 1, width: 2, size: 5, neighbours: (1, 0)),
      .init(channels: 2100, height: 1, width: 1, size: 301),
      .init(channels: 1100, height: 1, width: 1, size: 2047),
    ]
    for channels in 1...70 {
      cases.append(
        .init(
          channels: channels, width: 1 + channels % 3, size: 1 + channels % 4 * 2,
          neighbours: (channels % 3, channels % 2)))
    }
    return cases
  }()

  func arguments(_ input: Activation, _ output: Activation, threads: Int32) -> gln_f32_normalization {
    var arguments = gln_f32_normalization()
    arguments.input = UnsafePointer(input.pointer)
    arguments.output = output.pointer
    arguments.input_row_stride = input.rowStride
    arguments.input_pixel_stride = input.pixelStride
    arguments.output_row_stride = output.rowStride
    arguments.output_pixel_stride = output.pixelStride
    arguments.height = Int32(height)
    arguments.width = Int32(width)
    arguments.channels = Int32(channels)
    arguments.size = Int32(size)
    arguments.alpha = alpha
    arguments.beta = beta
    arguments.k = k
    arguments.threads = threads
    return arguments
  }

  func reference(_ input: Activation) -> Reference {
    var reference = Reference()
    for y in 0..<height {
      for x in 0..<width {
        for channel in 0..<channels {
          var sum = 0.0
          for other in max(0, channel - size / 2)...min(channels - 1, channel + size / 2) {
            sum += Double(input[y, x, other]) * Double(input[y, x, other])
          }
          let value = Double(input[y, x, channel]) * pow(Double(k) + Double(alpha) * sum, -Double(beta))
          reference.append(
            value, tolerance: abs(value) * ((beta == 0.75 ? 5e-7 : 2e-6) + 2e-8 * Double(size).squareRoot()))
        }
      }
    }
    return reference
  }
}

@Suite struct NormalizationTests {
  @Test(arguments: KernelTier.available, NormalizationCase.all)
  func normalization(tier: KernelTier, shape: NormalizationCase) {
    let table = tier.table
    var random = Random(seed: 3)
    func activation() -> Activation {
      Activation(
        height: shape.height, width: shape.width, channels: shape.channels, channelsBefore: shape.neighbours.0,
        channelsAfter: shape.neighbours.1, rowGap: shape.gap)
    }
    let input = activation()
    input.fill(&random, scale: shape.scale)
    let reference = shape.reference(input)
    var first: Activation?
    for (threads, inPlace) in [(Int32(1), false), (3, false), (2, true)] {
      let output = inPlace ? input : activation()
      var arguments = shape.arguments(input, output, threads: threads)
      let units = table.f32_normalization_units(&arguments)
      #expect(runUnits(table.f32_normalization, arguments, counts: [units], &random))
      output.expect(reference)
      if let first { #expect(output.hasSameBits(as: first)) } else { first = output }
    }
  }
}
