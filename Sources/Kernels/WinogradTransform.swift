/// The one-dimensional transforms of Winograd convolution. F(4, 3): four outputs of a three-tap convolution from six inputs with
/// six products, interpolated at 0, ±1, ±2 and infinity. F(2, 5): two outputs of five taps, from as many inputs at the same
/// points. F(2, 3): two outputs of three taps from four inputs with four products, at 0, ±1 and infinity.
enum WinogradTransform {
  typealias Six = (Vec, Vec, Vec, Vec, Vec, Vec)

  /// Six inputs, for the products.
  @inline(__always)
  static func input(_ a: Vec, _ b: Vec, _ c: Vec, _ d: Vec, _ e: Vec, _ f: Vec) -> Six {
    let even = multiplyAdd(c, Vec(repeating: -4), e)
    let odd = multiplyAdd(b, Vec(repeating: -4), d)
    let near = e - c
    let far = d - b
    return (
      multiplyAdd(a, Vec(repeating: 4), multiplyAdd(c, Vec(repeating: -5), e)), even + odd, even - odd,
      multiplyAdd(far, Vec(repeating: 2), near), multiplyAdd(far, Vec(repeating: -2), near),
      multiplyAdd(b, Vec(repeating: 4), multiplyAdd(d, Vec(repeating: -5), f))
    )
  }

  /// Three weights, for the products.
  @inline(__always)
  static func weights(_ a: Vec, _ b: Vec, _ c: Vec) -> Six {
    let outer = (a + c) * Vec(repeating: -1.0 / 6)
    let middle = b * Vec(repeating: 1.0 / 6)
    let spread = multiplyAdd(a, Vec(repeating: 1.0 / 24), c * Vec(repeating: 1.0 / 6))
    let half = b * Vec(repeating: 1.0 / 12)
    return (a * Vec(repeating: 0.25), outer - middle, outer + middle, spread + half, spread - half, c)
  }

  /// Five weights, for the products.
  @inline(__always)
  static func weights(_ a: Vec, _ b: Vec, _ c: Vec, _ d: Vec, _ e: Vec) -> Six {
    let outer = ((a + c) + e) * Vec(repeating: -1.0 / 6)
    let middle = (b + d) * Vec(repeating: 1.0 / 6)
    let spread = multiplyAdd(
      a, Vec(repeating: 1.0 / 24), multiplyAdd(c, Vec(repeating: 1.0 / 6), e * Vec(repeating: 2.0 / 3)))
    let half = multiplyAdd(b, Vec(repeating: 1.0 / 12), d * Vec(repeating: 1.0 / 3))
    return (a * Vec(repeating: 0.25), outer - middle, outer + middle, spread + half, spread - half, e)
  }

  /// Six products, to four outputs.
  @inline(__always)
  static func output(_ a: Vec, _ b: Vec, _ c: Vec, _ d: Vec, _ e: Vec, _ f: Vec) -> (Vec, Vec, Vec, Vec) {
    let sum1 = b + c
    let difference1 = b - c
    let sum2 = d + e
    let difference2 = d - e
    return (
      (a + sum1) + sum2, multiplyAdd(difference2, Vec(repeating: 2), difference1),
      multiplyAdd(sum2, Vec(repeating: 4), sum1), multiplyAdd(difference2, Vec(repeating: 8), difference1) + f
    )
  }

  /// Six products of F(2, 5), to two outputs.
  @inline(__always)
  static func output2(_ a: Vec, _ b: Vec, _ c: Vec, _ d: Vec, _ e: Vec, _ f: Vec) -> (Vec, Vec) {
    ((a + (b + c)) + (d + e), multiplyAdd(d - e, Vec(repeating: 2), b - c) + f)
  }

  typealias Four = (Vec, Vec, Vec, Vec)

  /// Four inputs, for the products of F(2, 3).
  @inline(__always)
  static func input2(_ a: Vec, _ b: Vec, _ c: Vec, _ d: Vec) -> Four { (a - c, b + c, c - b, b - d) }

  /// Three weights, for the products of F(2, 3).
  @inline(__always)
  static func weights2(_ a: Vec, _ b: Vec, _ c: Vec) -> Four {
    let outer = (a + c) * Vec(repeating: 0.5)
    let middle = b * Vec(repeating: 0.5)
    return (a, outer + middle, outer - middle, c)
  }

  /// Four products of F(2, 3), to two outputs.
  @inline(__always)
  static func output2(_ a: Vec, _ b: Vec, _ c: Vec, _ d: Vec) -> (Vec, Vec) { ((a + b) + c, (b - c) - d) }
}
