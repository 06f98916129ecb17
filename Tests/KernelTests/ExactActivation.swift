import CKernels
import Testing

/// A channels-last image of elements that must be right to the bit, inside a larger buffer as `Activation` is.
struct ExactActivation<Element: BitwiseCopyable>: ChannelsLastImage {
  let height: Int
  let width: Int
  let channels: Int
  let pixelStride: Int
  let rowStride: Int
  let offset: Int
  let buffer: GuardedBuffer<Element>

  init(
    height: Int, width: Int, channels: Int, neighbours: (before: Int, after: Int) = (0, 0), rowGap: Int = 0
  ) {
    self.height = height
    self.width = width
    self.channels = channels
    pixelStride = neighbours.before + channels + neighbours.after
    rowStride = width * pixelStride + rowGap
    offset = neighbours.before
    buffer = GuardedBuffer(count: (height - 1) * rowStride + width * pixelStride, slack: Int(GLN_READ_SLACK))
  }

  var pointer: UnsafeMutablePointer<Element> { buffer.pointer + offset }

  private func index(_ y: Int, _ x: Int, _ channel: Int) -> Int { offset + y * rowStride + x * pixelStride + channel }

  subscript(y: Int, x: Int, channel: Int) -> Element {
    get { buffer[index(y, x, channel)] }
    nonmutating set { buffer[index(y, x, channel)] = newValue }
  }

  func fill(_ element: () -> Element) {
    for y in 0..<height {
      for x in 0..<width {
        for channel in 0..<channels { self[y, x, channel] = element() }
      }
    }
  }

  /// Expects these values (pixel after pixel, channels innermost), and the canary everywhere around.
  func expect(_ expected: [Element], _ comment: Comment? = nil, sourceLocation: SourceLocation = #_sourceLocation)
  where Element: Equatable {
    var wrong: String?
    var inside = [Bool](repeating: false, count: buffer.count)
    for y in 0..<height {
      for x in 0..<width {
        for channel in 0..<channels {
          inside[index(y, x, channel)] = true
          let value = expected[(y * width + x) * channels + channel]
          if self[y, x, channel] != value, wrong == nil {
            wrong = "(\(y), \(x), channel \(channel)): \(self[y, x, channel]), expected \(value)"
          }
        }
      }
    }
    let overwritten = (0..<buffer.count).count { !inside[$0] && !buffer.isUntouched($0) }
    #expect(wrong == nil, comment, sourceLocation: sourceLocation)
    #expect(overwritten == 0, "values written between the channels", sourceLocation: sourceLocation)
    #expect(buffer.surroundingsAreUntouched, sourceLocation: sourceLocation)
  }
}

extension ExactActivation where Element: FixedWidthInteger {
  /// Random values, a quarter of them the smallest and the largest.
  func fill(_ random: inout Random) { fill { .withExtremes(&random) } }
}

extension FixedWidthInteger {
  /// A random value; one in four is the smallest or the largest.
  static func withExtremes(_ random: inout Random) -> Self {
    let bits = random.next()
    switch bits >> 61 {
    case 0: return .min
    case 1: return .max
    default: return Self(truncatingIfNeeded: bits)
    }
  }
}

extension Float {
  /// Rounded to the nearest integer, ties to even, and clamped to what the type holds; 0 for NaN.
  func rounded<Integer: FixedWidthInteger>(to _: Integer.Type) -> Integer {
    let value = rounded(.toNearestOrEven)
    if !(value > 0) { return 0 }
    return value >= Float(Integer.max) ? .max : Integer(value)
  }
}
