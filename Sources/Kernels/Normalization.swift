import CKernels

/// Local response normalization across channels, vectorised over channels.
struct Normalization {
  /// Channels done at a time, and the most channels on each side of the window.
  @inline(__always) static var chunk: Int { 1024 }
  @inline(__always) static var largestReach: Int { 1024 }
  /// Squares of a chunk, of its neighbours on both sides, and of a vector more.
  typealias Squares = InlineArray<3136, Float>

  let arguments: gln_f32_normalization

  /// Units are ranges of pixels.
  @inline(__always)
  static func cut(_ arguments: gln_f32_normalization) -> WorkCut {
    WorkCut(items: Int(arguments.height) &* Int(arguments.width), threads: arguments.threads)
  }

  func run(_ unit: Int32) {
    if arguments.beta == 0.75 {
      run(unit) { base in
        let root = Tier.reciprocalSquareRoot(base)
        return root * (root * Tier.reciprocalSquareRoot(root))
      }
    } else if arguments.beta == 0.5 {
      run(unit) { base in Tier.reciprocalSquareRoot(base) }
    } else if arguments.beta == 1 {
      run(unit) { base in Vec(repeating: 1) / base }
    } else {
      let power = Vec(repeating: -arguments.beta)
      run(unit) { base in exponential(power * logarithm(base)) }
    }
  }

  @inline(__always)
  private func run(_ unit: Int32, _ scale: (Vec) -> Vec) {
    let a = arguments
    let (first, end) = Self.cut(a).range(unit)
    let width = Int(a.width)
    var squares = Squares(repeating: 0)
    var storage = squares.mutableSpan
    storage.withUnsafeMutableBufferPointer { storage in
      let squares = storage.baseAddress.unsafelyUnwrapped
      for pixel in first..<end {
        let row = pixel / width
        let column = pixel &- row &* width
        let input = a.input.unsafelyUnwrapped + (row &* a.input_row_stride &+ column &* a.input_pixel_stride)
        let output = a.output.unsafelyUnwrapped + (row &* a.output_row_stride &+ column &* a.output_pixel_stride)
        runPixel(input, output, squares, scale)
      }
    }
  }

  /// `squares[i]` is the square of channel `firstOfChunk - reach + i`, zero outside the channels. All of a chunk's squares are
  /// taken before its outputs are written, and those that the next chunk needs are kept: input and output may be the same.
  @inline(__always)
  private func runPixel(
    _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, _ squares: UnsafeMutablePointer<Float>,
    _ scale: (Vec) -> Vec
  ) {
    let channels = Int(arguments.channels)
    let reach = Swift.min(Int(arguments.size) / 2, Self.largestReach)
    let alpha = Vec(repeating: arguments.alpha)
    let k = Vec(repeating: arguments.k)
    let width = Vec.scalarCount
    for place in 0..<reach { squares[place] = 0 }
    var filled = 0
    var firstOfChunk = 0
    while firstOfChunk < channels {
      let endOfChunk = Swift.min(firstOfChunk &+ Self.chunk, channels)
      let endOfSquares = endOfChunk &+ reach
      while filled < endOfSquares {
        let rest = channels &- filled
        let values = rest > 0 ? load(input + filled, count: rest) : Vec(repeating: 0)
        store(values * values, squares + (filled &- firstOfChunk &+ reach))
        filled &+= width
      }
      var channel = firstOfChunk
      while channel < endOfChunk {
        let window = squares + (channel &- firstOfChunk)
        var sum = load(window)
        if reach == 2 {
          sum = ((sum + load(window + 1)) + (load(window + 2) + load(window + 3))) + load(window + 4)
        } else {
          for place in 1..<(2 &* reach &+ 1) { sum += load(window + place) }
        }
        let result = load(input + channel) * scale(multiplyAdd(alpha, sum, k))
        store(result, output + channel, count: endOfChunk &- channel)
        channel &+= width
      }
      for place in 0..<(filled &- endOfChunk &+ reach) {
        squares[place] = squares[endOfChunk &- firstOfChunk &+ place]
      }
      firstOfChunk = endOfChunk
    }
  }
}
