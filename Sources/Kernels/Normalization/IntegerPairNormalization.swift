import CKernels

/// Local response normalization over windows of five channels, from 16 to 8 bits: two channels to a lane, so that one instruction
/// squares and adds both. Exact in 32 bits, as the squares are taken of the inputs' upper 14 bits.
struct IntegerPairNormalization {
  /// Channels of a vector of inputs.
  @inline(__always) static var width: Int { 2 &* Vec.scalarCount }

  /// A vector of inputs, two channels to a lane, and the squares of their upper 14 bits.
  private struct Pairs {
    let values: Sums
    let both: Sums
    let even: Sums
    let odd: Sums
  }

  private let arguments: gln_u16_normalization
  private let channels: Int
  private let alpha: Vec
  private let k: Vec
  private let power: IntegerNormalizationPower

  @inline(__always)
  init(_ arguments: gln_u16_normalization) {
    self.arguments = arguments
    channels = Int(arguments.channels)
    let scale = arguments.input_scale
    alpha = Vec(repeating: arguments.alpha * (scale * scale) * 16)
    k = Vec(repeating: arguments.k)
    power = IntegerNormalizationPower(multiplier: scale * arguments.output_multiplier)
  }

  /// Normalizes a range of pixels, counted row by row.
  func run(_ first: Int, _ end: Int) {
    let width = Int(arguments.width)
    for pixel in first..<end {
      let row = pixel / width
      let column = pixel &- row &* width
      normalize(
        arguments.input.unsafelyUnwrapped
          + (row &* arguments.input_row_stride &+ column &* arguments.input_pixel_stride),
        arguments.output.unsafelyUnwrapped
          + (row &* arguments.output_row_stride &+ column &* arguments.output_pixel_stride))
    }
  }

  @inline(__always)
  private func normalize(_ input: UnsafePointer<UInt16>, _ output: UnsafeMutablePointer<UInt8>) {
    var previous = noPairs
    var current = pairs(input, 0)
    var channel = 0
    while channel &+ 2 &* Self.width <= channels {
      let second = pairs(input, channel &+ Self.width)
      let next = pairs(input, channel &+ 2 &* Self.width)
      let results: InlineArray<4, Vec> = normalized([current, second] as InlineArray<2, Pairs>, previous, next)
      for vector in 0..<2 {
        gln_store_u8_alternating(
          output + (channel &+ vector &* Self.width), results[2 &* vector], results[2 &* vector &+ 1])
      }
      previous = second
      current = next
      channel &+= 2 &* Self.width
    }
    while channel < channels {
      let next = pairs(input, channel &+ Self.width)
      let results: InlineArray<2, Vec> = normalized([current] as InlineArray<1, Pairs>, previous, next)
      let rest = channels &- channel
      if rest >= Self.width {
        gln_store_u8_alternating(output + channel, results[0], results[1])
      } else {
        var all = InlineArray<64, UInt8> { _ in 0 }
        var span = all.mutableSpan
        span.withUnsafeMutableBufferPointer { all in
          let bytes = all.baseAddress.unsafelyUnwrapped
          gln_store_u8_alternating(bytes, results[0], results[1])
          gln_copy_bytes(output + channel, bytes, rest)
        }
      }
      previous = current
      current = next
      channel &+= Self.width
    }
  }

  @inline(__always)
  private var noPairs: Pairs {
    let zero = Sums(repeating: 0)
    return Pairs(values: zero, both: zero, even: zero, odd: zero)
  }

  /// The channels from `first` on, zeros where there is none.
  @inline(__always)
  private func pairs(_ input: UnsafePointer<UInt16>, _ first: Int) -> Pairs {
    let rest = channels &- first
    guard rest > 0 else { return noPairs }
    var words = UnsafeRawPointer(input + first).loadUnaligned(as: Words.self)
    if rest < Self.width { words = Self.first(rest, of: words) }
    let upper = unsafeBitCast(words &>> Words(repeating: 2), to: Sums.self)
    let both = gln_multiply_pairs(upper, upper)
    let even = gln_multiply_pairs(upper & Sums(repeating: 0xFFFF), upper)
    return Pairs(values: unsafeBitCast(words, to: Sums.self), both: both, even: even, odd: both &- even)
  }

  /// Zeros in the other lanes.
  @inline(never)
  private static func first(_ count: Int, of words: Words) -> Words {
    var words = words
    for lane in 0..<Self.width where lane >= count { words[lane] = 0 }
    return words
  }

  /// For each vector the even channels' outputs, then the odd ones': `halves` is twice `vectors`.
  @inline(__always)
  private func normalized<let vectors: Int, let halves: Int>(
    _ pairs: InlineArray<vectors, Pairs>, _ previous: Pairs, _ next: Pairs
  ) -> InlineArray<halves, Vec> {
    var bases = InlineArray<halves, Vec> { _ in k }
    var values = bases
    for vector in 0..<vectors {
      let left = vector > 0 ? pairs[vector &- 1] : previous
      let it = pairs[vector]
      let right = vector &+ 1 < vectors ? pairs[vector &+ 1] : next
      // An even channel's window ends in the middle of the right neighbour's pair, an odd one's begins so.
      let even = (gln_lanes_up(it.both, left.both) &+ it.both) &+ gln_lanes_down(it.even, right.even)
      let odd = (gln_lanes_up(it.odd, left.odd) &+ it.both) &+ gln_lanes_down(it.both, right.both)
      bases[2 &* vector] = alpha * gln_to_floats(even) + k
      bases[2 &* vector &+ 1] = alpha * gln_to_floats(odd) + k
      let words = unsafeBitCast(it.values, to: Bits.self)
      values[2 &* vector] = gln_to_floats(unsafeBitCast(words & Bits(repeating: 0xFFFF), to: Sums.self))
      values[2 &* vector &+ 1] = gln_to_floats(unsafeBitCast(words &>> Bits(repeating: 16), to: Sums.self))
    }
    return power.scale(values, bases)
  }
}
