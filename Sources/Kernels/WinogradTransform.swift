/// The one-dimensional transforms of Winograd convolution F(outputs, taps): as many outputs of a convolution from
/// outputs + taps − 1 inputs with as many products. Six inputs are interpolated at 0, ±1, ±2 and infinity, four at 0, ±1 and
/// infinity.
enum WinogradTransform {
  /// Inputs, for the products.
  @inline(__always)
  static func input<let size: Int>(_ v: InlineArray<size, Vec>) -> InlineArray<size, Vec> {
    var result = v
    if size == 4 {
      result[0] = v[0] - v[2]
      result[1] = v[1] + v[2]
      result[2] = v[2] - v[1]
      result[3] = v[1] - v[3]
      return result
    }
    let even = multiplyAdd(v[2], Vec(repeating: -4), v[4])
    let odd = multiplyAdd(v[1], Vec(repeating: -4), v[3])
    let near = v[4] - v[2]
    let far = v[3] - v[1]
    result[0] = multiplyAdd(v[0], Vec(repeating: 4), multiplyAdd(v[2], Vec(repeating: -5), v[4]))
    result[1] = even + odd
    result[2] = even - odd
    result[3] = multiplyAdd(far, Vec(repeating: 2), near)
    result[4] = multiplyAdd(far, Vec(repeating: -2), near)
    result[5] = multiplyAdd(v[1], Vec(repeating: 4), multiplyAdd(v[3], Vec(repeating: -5), v[5]))
    return result
  }

  /// Weights, for the products: the polynomial with these coefficients at each point, divided by what `input` leaves out.
  @inline(__always)
  static func weights<let taps: Int, let size: Int>(_ w: InlineArray<taps, Vec>) -> InlineArray<size, Vec> {
    var result = InlineArray<size, Vec> { _ in w[taps &- 1] }
    var even = w[0] + w[2]
    var odd = w[1]
    if size == 4 {
      result[0] = w[0]
      result[1] = (even + odd) * Vec(repeating: 0.5)
      result[2] = (even - odd) * Vec(repeating: 0.5)
      return result
    }
    var even2 = multiplyAdd(w[2], Vec(repeating: 1.0 / 6), w[0] * Vec(repeating: 1.0 / 24))
    var odd2 = w[1] * Vec(repeating: 1.0 / 12)
    if taps > 3 {
      odd += w[3]
      odd2 = multiplyAdd(w[3], Vec(repeating: 1.0 / 3), odd2)
    }
    if taps > 4 {
      even += w[4]
      even2 = multiplyAdd(w[4], Vec(repeating: 2.0 / 3), even2)
    }
    result[0] = w[0] * Vec(repeating: 0.25)
    result[1] = (even + odd) * Vec(repeating: -1.0 / 6)
    result[2] = (even - odd) * Vec(repeating: -1.0 / 6)
    result[3] = even2 + odd2
    result[4] = even2 - odd2
    return result
  }

  /// Products, to outputs.
  @inline(__always)
  static func output<let size: Int, let outputs: Int>(_ p: InlineArray<size, Vec>) -> InlineArray<outputs, Vec> {
    let sum1 = p[1] + p[2]
    let difference1 = p[1] - p[2]
    var result = InlineArray<outputs, Vec> { _ in p[0] + sum1 }
    if size == 4 {
      result[1] = difference1 - p[3]
      return result
    }
    let sum2 = p[3] + p[4]
    let difference2 = p[3] - p[4]
    result[0] += sum2
    result[1] = multiplyAdd(difference2, Vec(repeating: 2), difference1)
    if outputs > 2 { result[2] = multiplyAdd(sum2, Vec(repeating: 4), sum1) }
    if outputs > 3 { result[3] = multiplyAdd(difference2, Vec(repeating: 8), difference1) }
    result[outputs &- 1] += p[5]
    return result
  }
}
