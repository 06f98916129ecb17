import CKernels

/// Local response normalization from 16 to 8 bits, vectorised over channels. No operation is fused, and the squares of a window
/// are added in the order of the channels, so that every tier gives the same bits.
struct Int8Normalization {
  /// Channels done at a time, and the most channels on each side of the window.
  @inline(__always) static var chunk: Int { 1024 }
  @inline(__always) static var largestReach: Int { 1024 }
  /// Pixels whose squares are taken before the first is normalized: loads of squares should find them in the cache.
  @inline(__always) static var largestBatch: Int { 8 }
  /// Squares of a chunk, of its neighbours on both sides, and of two vectors more.
  typealias Squares = InlineArray<3136, Float>

  let arguments: gln_u16_normalization
  let channels: Int
  let reach: Int
  /// Pixels of a batch, and squares of each.
  let batch: Int
  let pixelSquares: Int

  init(_ arguments: gln_u16_normalization) {
    self.arguments = arguments
    channels = Int(arguments.channels)
    reach = Swift.min(Int(arguments.size) / 2, Self.largestReach)
    pixelSquares = Swift.min(channels, Self.chunk) &+ 2 &* reach &+ 2 &* Vec.scalarCount
    batch = channels > Self.chunk ? 1 : Swift.max(1, Swift.min(Self.largestBatch, Squares.count / pixelSquares))
  }

  /// Units are ranges of pixels.
  @inline(__always)
  static func cut(_ arguments: gln_u16_normalization) -> WorkCut {
    WorkCut(items: Int(arguments.height) &* Int(arguments.width), threads: arguments.threads)
  }

  func run(_ unit: Int32) {
    let (first, end) = Self.cut(arguments).range(unit)
    var squares = Squares(repeating: 0)
    var storage = squares.mutableSpan
    storage.withUnsafeMutableBufferPointer { storage in
      let squares = storage.baseAddress.unsafelyUnwrapped
      var firstOfBatch = first
      while firstOfBatch < end {
        let endOfBatch = Swift.min(firstOfBatch &+ batch, end)
        var firstOfChunk = 0
        while firstOfChunk < channels {
          let endOfChunk = Swift.min(firstOfChunk &+ Self.chunk, channels)
          for pixel in firstOfBatch..<endOfBatch {
            square(pixel, firstOfChunk, endOfChunk, squares + (pixel &- firstOfBatch) &* pixelSquares)
          }
          for pixel in firstOfBatch..<endOfBatch {
            normalize(pixel, firstOfChunk, endOfChunk, squares + (pixel &- firstOfBatch) &* pixelSquares)
          }
          firstOfChunk = endOfChunk
        }
        firstOfBatch = endOfBatch
      }
    }
  }

  @inline(__always)
  private func input(_ pixel: Int) -> UnsafePointer<UInt16> {
    let row = pixel / Int(arguments.width)
    let column = pixel &- row &* Int(arguments.width)
    return arguments.input.unsafelyUnwrapped
      + (row &* arguments.input_row_stride &+ column &* arguments.input_pixel_stride)
  }

  @inline(__always)
  private func output(_ pixel: Int) -> UnsafeMutablePointer<UInt8> {
    let row = pixel / Int(arguments.width)
    let column = pixel &- row &* Int(arguments.width)
    return arguments.output.unsafelyUnwrapped
      + (row &* arguments.output_row_stride &+ column &* arguments.output_pixel_stride)
  }

  /// Writes the squares of the channels from `first - reach` to `end + reach`, zeros where there is no channel.
  @inline(__always)
  private func square(_ pixel: Int, _ first: Int, _ end: Int, _ squares: UnsafeMutablePointer<Float>) {
    let input = input(pixel)
    let origin = first &- reach
    var channel = Swift.max(0, origin)
    for place in 0..<(channel &- origin) { squares[place] = 0 }
    let endOfSquares = end &+ reach
    while channel < endOfSquares {
      let rest = channels &- channel
      var values = Vec(repeating: 0)
      if rest > 0 {
        values = Int8Tier.floats(Int8Tier.load(input + channel))
        if rest < Vec.scalarCount {
          for lane in 0..<Vec.scalarCount where lane >= rest { values[lane] = 0 }
        }
      }
      store(values * values, squares + (channel &- origin))
      channel &+= Vec.scalarCount
    }
  }

  @inline(__always)
  private func normalize(_ pixel: Int, _ first: Int, _ end: Int, _ squares: UnsafeMutablePointer<Float>) {
    let input = input(pixel)
    let output = output(pixel)
    let scale = arguments.input_scale
    let alpha = Vec(repeating: arguments.alpha * (scale * scale))
    let k = Vec(repeating: arguments.k)
    let multiplier = Vec(repeating: scale * arguments.output_multiplier)
    var channel = first
    while channel < end {
      let window = squares + (channel &- first)
      var sum = load(window)
      if reach == 2 {
        sum = (((sum + load(window + 1)) + load(window + 2)) + load(window + 3)) + load(window + 4)
      } else {
        for place in 1..<Swift.max(1, 2 &* reach &+ 1) { sum += load(window + place) }
      }
      let power = Self.power(alpha * sum + k)
      let value = (Int8Tier.floats(Int8Tier.load(input + channel)) * multiplier) * power
      Int8Tier.store(value, output + channel, count: end &- channel)
      channel &+= Vec.scalarCount
    }
  }

  /// base^-0.75 to a relative error of 2e-7, for normal numbers above 0.
  ///
  /// The bits of a float are nearly its logarithm: the start value is right to 4.5 %. Two polynomial steps follow:
  /// y · p(base³ · y⁴), where p(t) is close to t^-¼, the first one a minimax polynomial for the start value's errors.
  @inline(__always)
  private static func power(_ base: Vec) -> Vec {
    let bits = unsafeBitCast(base, to: Bits.self)
    let start = Bits(repeating: 0x6F15_0000) &- (bits &>> Bits(repeating: 1)) &- (bits &>> Bits(repeating: 2))
    let y = unsafeBitCast(start, to: Vec.self)
    let t = error(base, y)
    let first = (Vec(repeating: 0.154_879_15) * t + Vec(repeating: -0.562_417_1)) * t + Vec(repeating: 1.407_557_2)
    let better = y * first
    return better * (Vec(repeating: -0.25) * error(base, better) + Vec(repeating: 1.25))
  }

  /// base³ · y⁴, multiplied in an order that neither overflows nor vanishes on the way.
  @inline(__always)
  private static func error(_ base: Vec, _ y: Vec) -> Vec {
    let root = base * (y * y)
    return (root * root) * base
  }
}
