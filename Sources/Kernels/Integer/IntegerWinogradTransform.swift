/// The one-dimensional transforms of Winograd convolution F(4, 3) in integers, interpolated at 0, ±1, ±2 and infinity. Weights are
/// multiplied by 24, so that none has a fraction; output transforms leave what is common to a row's terms away.
enum IntegerWinogradTransform {
  /// Outputs are 3 · 2^shift times what they should be.
  @inline(__always) static var outputShifts: InlineArray<4, Int32> { [3, 2, 1, 1] }

  /// Inputs, for the products. Of bytes they are 12,750 at most after both directions.
  @inline(__always)
  static func input(_ v: InlineArray<6, Words>) -> InlineArray<6, Words> {
    let one = Words(repeating: 1)
    let two = Words(repeating: 2)
    let even = v[4] &- (v[2] &<< two)
    let odd = v[3] &- (v[1] &<< two)
    let near = v[4] &- v[2]
    let far = v[3] &- v[1]
    let doubled = far &<< one
    return [
      ((v[0] &- v[2]) &<< two) &+ near, even &+ odd, even &- odd, near &+ doubled, near &- doubled,
      v[5] &- v[3] &- (far &<< two),
    ]
  }

  /// Weights, for the products, at each point. Of bytes they are 6,272 at most after both directions.
  @inline(__always)
  static func weights(_ w: InlineArray<3, Int32>, _ write: (_ point: Int, _ value: Int16) -> Void) {
    let near = w[0] &+ w[2]
    let far = w[0] &+ 4 &* w[2]
    write(0, Int16(truncatingIfNeeded: 6 &* w[0]))
    write(1, Int16(truncatingIfNeeded: near &+ w[1]))
    write(2, Int16(truncatingIfNeeded: near &- w[1]))
    write(3, Int16(truncatingIfNeeded: far &+ 2 &* w[1]))
    write(4, Int16(truncatingIfNeeded: far &- 2 &* w[1]))
    write(5, Int16(truncatingIfNeeded: 6 &* w[2]))
  }

  /// Products, to outputs.
  @inline(__always)
  static func output(_ p: InlineArray<6, Sums>) -> InlineArray<4, Sums> {
    let one = Sums(repeating: 1)
    let sum1 = p[1] &+ p[2]
    let difference1 = p[1] &- p[2]
    let sum2 = p[3] &+ p[4]
    let difference2 = p[3] &- p[4]
    return [
      p[0] &+ sum2 &- (sum1 &<< Sums(repeating: 2)), difference2 &- (difference1 &<< one), sum2 &- sum1,
      (difference2 &<< one) &- difference1 &+ p[5],
    ]
  }
}
