/// values × base^-0.75 × multiplier, for normal bases above 0, with operations that IEEE 754 rounds exactly.
///
/// The power is right to 1.2e-4 of itself, a thirtieth of a step of 8 bits at most.
struct IntegerNormalizationPower {
  private let constant: Vec
  private let linear: Vec
  private let square: Vec

  /// The bits of a float are nearly its logarithm: y, the start value, is right to 8 %. One step follows: y · p(base³ · y⁴), where p is
  /// the minimax polynomial of second degree for t^-¼ over the start value's errors, 0.731 to 1.003.
  @inline(__always)
  init(multiplier: Float) {
    constant = Vec(repeating: 1.462_187_8 * multiplier)
    linear = Vec(repeating: -0.680_972_3 * multiplier)
    square = Vec(repeating: 0.218_878_4 * multiplier)
  }

  /// Several vectors side by side: one alone is a chain in which each operation waits for the last.
  @inline(__always)
  func scale<let vectors: Int>(_ values: InlineArray<vectors, Vec>, _ bases: InlineArray<vectors, Vec>)
    -> InlineArray<vectors, Vec>
  {
    var y = bases
    for vector in 0..<vectors {
      let bits = unsafeBitCast(bases[vector], to: Bits.self)
      let start = (Bits(repeating: 0x6F0D_0000) &- bits) &+ (bits &>> Bits(repeating: 2))
      y[vector] = unsafeBitCast(start, to: Vec.self)
    }
    // base³ · y⁴, multiplied in an order that neither overflows nor vanishes on the way.
    var errors = y
    for vector in 0..<vectors { errors[vector] *= y[vector] }
    for vector in 0..<vectors { errors[vector] *= bases[vector] }
    for vector in 0..<vectors { errors[vector] *= errors[vector] }
    for vector in 0..<vectors { errors[vector] *= bases[vector] }
    for vector in 0..<vectors { y[vector] *= values[vector] }
    for vector in 0..<vectors {
      y[vector] *= (square * errors[vector] + linear) * errors[vector] + constant
    }
    return y
  }
}
