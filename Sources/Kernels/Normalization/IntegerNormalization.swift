import CKernels

/// Local response normalization from 16 to 8 bits, vectorised over channels. No operation is fused, and the squares of
/// a window are added in the order of the channels, so that every tier gives the same bits. GoogLeNet's window of five channels has a
/// kernel of its own.
struct IntegerNormalization {
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
  private let power: IntegerNormalizationPower

  init(_ arguments: gln_u16_normalization) {
    self.arguments = arguments
    channels = Int(arguments.channels)
    power = IntegerNormalizationPower(multiplier: arguments.input_scale * arguments.output_multiplier)
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
    if arguments.size == 5 { return IntegerPairNormalization(arguments).run(first, end) }
    var squares = Squares { _ in 0 }
    var storage = squares.mutableSpan
    storage.withUnsafeMutableBufferPointer { storage in
      let squares = storage.baseAddress.unsafelyUnwrapped
      var firstOfBatch = first
      while firstOfBatch < end {
        // A batch lies in one row.
        let row = firstOfBatch / Int(arguments.width)
        let column = firstOfBatch &- row &* Int(arguments.width)
        let count = Swift.min(batch, end &- firstOfBatch, Int(arguments.width) &- column)
        let input =
          arguments.input.unsafelyUnwrapped
          + (row &* arguments.input_row_stride &+ column &* arguments.input_pixel_stride)
        let output =
          arguments.output.unsafelyUnwrapped
          + (row &* arguments.output_row_stride &+ column &* arguments.output_pixel_stride)
        var firstOfChunk = 0
        while firstOfChunk < channels {
          let endOfChunk = Swift.min(firstOfChunk &+ Self.chunk, channels)
          for pixel in 0..<count {
            square(
              input + pixel &* arguments.input_pixel_stride, firstOfChunk, endOfChunk, squares + pixel &* pixelSquares)
          }
          for pixel in 0..<count {
            normalize(
              input + pixel &* arguments.input_pixel_stride, output + pixel &* arguments.output_pixel_stride,
              firstOfChunk, endOfChunk, squares + pixel &* pixelSquares)
          }
          firstOfChunk = endOfChunk
        }
        firstOfBatch &+= count
      }
    }
  }

  /// Writes the squares of the channels from `first - reach` to `end + reach`, zeros where there is no channel.
  @inline(__always)
  private func square(
    _ input: UnsafePointer<UInt16>, _ first: Int, _ end: Int, _ squares: UnsafeMutablePointer<Float>
  ) {
    let origin = first &- reach
    var channel = Swift.max(0, origin)
    for place in 0..<(channel &- origin) { squares[place] = 0 }
    let endOfSquares = end &+ reach
    while channel < endOfSquares {
      let rest = channels &- channel
      var values = Vec(repeating: 0)
      if rest > 0 {
        values = gln_to_floats(load(input + channel))
        if rest < Vec.scalarCount {
          for lane in 0..<Vec.scalarCount where lane >= rest { values[lane] = 0 }
        }
      }
      store(values * values, squares + (channel &- origin))
      channel &+= Vec.scalarCount
    }
  }

  @inline(__always)
  private func normalize(
    _ input: UnsafePointer<UInt16>, _ output: UnsafeMutablePointer<UInt8>, _ first: Int, _ end: Int,
    _ squares: UnsafeMutablePointer<Float>
  ) {
    var channel = first
    while channel &+ 4 &* Vec.scalarCount <= end {
      let values: InlineArray<4, Vec> = normalized(input + channel, squares + (channel &- first))
      for vector in 0..<4 {
        storeRounded(values[vector], output + (channel &+ vector &* Vec.scalarCount), count: Vec.scalarCount)
      }
      channel &+= 4 &* Vec.scalarCount
    }
    while channel < end {
      let values: InlineArray<1, Vec> = normalized(input + channel, squares + (channel &- first))
      storeRounded(values[0], output + channel, count: end &- channel)
      channel &+= Vec.scalarCount
    }
  }

  /// Normalizes several vectors of channels side by side: one alone is a chain in which each operation waits for the
  /// last.
  ///
  /// - Parameter window: the squares from the first channel's window on.
  @inline(__always)
  private func normalized<let vectors: Int>(
    _ input: UnsafePointer<UInt16>, _ window: UnsafePointer<Float>
  ) -> InlineArray<vectors, Vec> {
    let scale = arguments.input_scale
    let alpha = Vec(repeating: arguments.alpha * (scale * scale))
    let k = Vec(repeating: arguments.k)
    var bases = InlineArray<vectors, Vec> { _ in Vec(repeating: 0) }
    for vector in 0..<vectors { bases[vector] = load(window + vector &* Vec.scalarCount) }
    for place in 1..<Swift.max(1, 2 &* reach &+ 1) {
      for vector in 0..<vectors { bases[vector] += load(window + (vector &* Vec.scalarCount &+ place)) }
    }
    for vector in 0..<vectors { bases[vector] = alpha * bases[vector] + k }
    let values = InlineArray<vectors, Vec> { gln_to_floats(load(input + $0 &* Vec.scalarCount)) }
    return power.scale(values, bases)
  }
}
