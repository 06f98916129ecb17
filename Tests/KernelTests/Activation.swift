import CKernels
import Testing

/// A channels-last image inside a larger buffer: between other channels, with gaps after the rows. What is around it is canary.
struct Activation: ChannelsLastImage {
  let height: Int
  let width: Int
  let channels: Int
  let pixelStride: Int
  let rowStride: Int
  let offset: Int
  let buffer: GuardedBuffer<Float>

  init(
    height: Int, width: Int, channels: Int, channelsBefore: Int = 0, channelsAfter: Int = 0, rowGap: Int = 0
  ) {
    self.height = height
    self.width = width
    self.channels = channels
    pixelStride = channelsBefore + channels + channelsAfter
    rowStride = width * pixelStride + rowGap
    offset = channelsBefore
    // The last pixel ends the buffer, but for the channels after it.
    buffer = GuardedBuffer(count: (height - 1) * rowStride + width * pixelStride, slack: Int(GLN_READ_SLACK))
  }

  var pointer: UnsafeMutablePointer<Float> { buffer.pointer + offset }

  subscript(y: Int, x: Int, channel: Int) -> Float {
    get { pointer[y * rowStride + x * pixelStride + channel] }
    nonmutating set { pointer[y * rowStride + x * pixelStride + channel] = newValue }
  }

  /// Random values in the first rows and columns, zeros in the rest.
  func fill(_ random: inout Random, rows: Int? = nil, columns: Int? = nil, scale: Float = 1) {
    for y in 0..<height {
      for x in 0..<width {
        let inside = y < rows ?? height && x < columns ?? width
        for channel in 0..<channels { self[y, x, channel] = inside ? random.value() * scale : 0 }
      }
    }
  }

  /// Compares every value, and expects the canary everywhere around.
  func expect(_ expected: Reference, sourceLocation: SourceLocation = #_sourceLocation) {
    var worst = 0.0
    var wrong: String?
    var overwritten = 0
    var inside = [Bool](repeating: false, count: buffer.count)
    for y in 0..<height {
      for x in 0..<width {
        for channel in 0..<channels {
          inside[offset + y * rowStride + x * pixelStride + channel] = true
          let value = expected.values[(y * width + x) * channels + channel]
          let tolerance = expected.tolerances[(y * width + x) * channels + channel]
          let got = Double(self[y, x, channel])
          if got == value { continue }
          let error = abs(got - value) / tolerance
          if !(error <= 1), wrong == nil || error > worst {
            wrong = "(\(y), \(x), channel \(channel)): \(got), expected \(value) ± \(tolerance)"
          }
          worst = max(worst, error)
        }
      }
    }
    for index in 0..<buffer.count where !inside[index] && !buffer.isUntouched(index) { overwritten += 1 }
    #expect(wrong == nil, sourceLocation: sourceLocation)
    #expect(overwritten == 0, "values written between the channels", sourceLocation: sourceLocation)
    #expect(buffer.surroundingsAreUntouched, sourceLocation: sourceLocation)
  }

  /// Whether all values have the same bits as the other's.
  func hasSameBits(as other: Activation) -> Bool {
    for y in 0..<height {
      for x in 0..<width {
        for channel in 0..<channels
        where self[y, x, channel].bitPattern != other[y, x, channel].bitPattern { return false }
      }
    }
    return true
  }
}
