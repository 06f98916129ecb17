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

  func run(_ unit: Int32, _ findings: UnsafeMutablePointer<gln_findings>) {
    var check = FiniteCheck()
    if arguments.beta == 0.75 {
      run(unit, ThreeQuarterRootPower(), &check)
    } else {
      run(unit, GeneralPower(exponent: -arguments.beta), &check)
    }
    check.report(to: findings)
  }

  @inline(__always)
  private func run<Power: NormalizationPower>(
    _ unit: Int32, _ power: Power, _ check: inout FiniteCheck
  ) {
    let a = arguments
    let (first, end) = Self.cut(a).range(unit)
    let reach = Swift.min(Int(a.size) / 2, Self.largestReach)
    let channels = Int(a.channels)
    let width = Vec.scalarCount
    // Squares of one pixel, whole vectors of them, between zeros.
    let step = (channels &+ 2 &* reach &+ 2 &* width &- 1) / width &* width
    var squares = Squares { _ in 0 }
    var storage = squares.mutableSpan
    storage.withUnsafeMutableBufferPointer { storage in
      let squares = storage.baseAddress.unsafelyUnwrapped
      if step <= storage.count {
        // Squares of several pixels first: a load that overlaps two recent stores waits for both.
        let batch = storage.count / step
        var pixel = first
        while pixel < end {
          let endOfBatch = Swift.min(pixel &+ batch, end)
          for other in pixel..<endOfBatch {
            square(input(other), 0, channels &+ reach, squares + ((other &- pixel) &* step &+ reach))
          }
          for other in pixel..<endOfBatch {
            scaleChannels(
              input(other), output(other), 0, channels, squares + (other &- pixel) &* step, reach, power,
              &check)
          }
          pixel = endOfBatch
        }
      } else {
        let power = GeneralPower(exponent: -a.beta)
        for pixel in first..<end { runInChunks(input(pixel), output(pixel), squares, reach, power, &check) }
      }
    }
  }

  @inline(__always)
  private func input(_ pixel: Int) -> UnsafePointer<Float> {
    let row = pixel / Int(arguments.width)
    let column = pixel &- row &* Int(arguments.width)
    return arguments.input.unsafelyUnwrapped
      + (row &* arguments.input_row_stride &+ column &* arguments.input_pixel_stride)
  }

  @inline(__always)
  private func output(_ pixel: Int) -> UnsafeMutablePointer<Float> {
    let row = pixel / Int(arguments.width)
    let column = pixel &- row &* Int(arguments.width)
    return arguments.output.unsafelyUnwrapped
      + (row &* arguments.output_row_stride &+ column &* arguments.output_pixel_stride)
  }

  /// Squares of channels `first ..< end` in whole vectors, zeros beyond the last channel. Returns where it ended.
  @inline(__always)
  @discardableResult
  private func square(
    _ input: UnsafePointer<Float>, _ first: Int, _ end: Int, _ squares: UnsafeMutablePointer<Float>
  ) -> Int {
    let channels = Int(arguments.channels)
    var channel = first
    while channel < end {
      let rest = channels &- channel
      let values = rest > 0 ? load(input + channel, count: rest) : Vec(repeating: 0)
      store(values * values, squares + (channel &- first))
      channel &+= Vec.scalarCount
    }
    return channel
  }

  /// Outputs of channels `first ..< end`; `squares` begins `reach` channels before the first.
  @inline(__always)
  private func scaleChannels<Power: NormalizationPower>(
    _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, _ first: Int, _ end: Int,
    _ squares: UnsafePointer<Float>, _ reach: Int, _ power: Power, _ check: inout FiniteCheck
  ) {
    let alpha = Vec(repeating: arguments.alpha)
    let k = Vec(repeating: arguments.k)
    var channel = first
    while channel < end {
      let window = squares + (channel &- first)
      var sum = load(window)
      if reach == 2 {
        sum = ((sum + load(window + 1)) + (load(window + 2) + load(window + 3))) + load(window + 4)
      } else {
        for place in 1..<(2 &* reach &+ 1) { sum += load(window + place) }
      }
      let base = gln_multiply_add(alpha, sum, k)
      let result = load(input + channel) * power(base)
      store(result, output + channel, count: end &- channel)
      // The power of infinity is 0, and past the last channel the base is finite where it is so before.
      check.take(base)
      check.take(result, storedAt: output + channel, count: end &- channel)
      channel &+= Vec.scalarCount
    }
  }

  /// A pixel of more channels than there is room for. All of a chunk's squares are taken before its outputs are written, and
  /// those that the next chunk needs are kept: input and output may be the same.
  @inline(never)
  private func runInChunks(
    _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, _ squares: UnsafeMutablePointer<Float>,
    _ reach: Int, _ power: GeneralPower, _ check: inout FiniteCheck
  ) {
    let channels = Int(arguments.channels)
    for place in 0..<reach { squares[place] = 0 }
    var filled = 0
    var first = 0
    while first < channels {
      let end = Swift.min(first &+ Self.chunk, channels)
      filled = square(input, filled, end &+ reach, squares + (filled &- first &+ reach))
      scaleChannels(input, output, first, end, squares, reach, power, &check)
      for place in 0..<(filled &- end &+ reach) { squares[place] = squares[end &- first &+ place] }
      first = end
    }
  }
}
