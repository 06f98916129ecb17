import CKernels

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
    let even = gln_multiply_add(v[2], Vec(repeating: -4), v[4])
    let odd = gln_multiply_add(v[1], Vec(repeating: -4), v[3])
    let near = v[4] - v[2]
    let far = v[3] - v[1]
    result[0] = gln_multiply_add(v[0], Vec(repeating: 4), gln_multiply_add(v[2], Vec(repeating: -5), v[4]))
    result[1] = even + odd
    result[2] = even - odd
    result[3] = gln_multiply_add(far, Vec(repeating: 2), near)
    result[4] = gln_multiply_add(far, Vec(repeating: -2), near)
    result[5] = gln_multiply_add(v[1], Vec(repeating: 4), gln_multiply_add(v[3], Vec(repeating: -5), v[5]))
    return result
  }

  /// Weights, for the products: the polynomial with these coefficients, `step` vectors apart, at each of `size` points, divided by what
  /// `input` leaves out.
  @inline(__always)
  static func weights(
    _ w: UnsafePointer<Vec>, _ step: Int, taps: Int, size: Int, _ write: (_ point: Int, _ value: Vec) -> Void
  ) {
    let w0 = w[0]
    let w1 = w[step]
    let w2 = w[2 &* step]
    var even = w0 + w2
    var odd = w1
    write(size &- 1, w[(taps &- 1) &* step])
    if size == 4 {
      write(0, w0)
      write(1, (even + odd) * Vec(repeating: 0.5))
      write(2, (even - odd) * Vec(repeating: 0.5))
      return
    }
    var even2 = gln_multiply_add(w2, Vec(repeating: 1.0 / 6), w0 * Vec(repeating: 1.0 / 24))
    var odd2 = w1 * Vec(repeating: 1.0 / 12)
    if taps > 3 {
      odd += w[3 &* step]
      odd2 = gln_multiply_add(w[3 &* step], Vec(repeating: 1.0 / 3), odd2)
    }
    if taps > 4 {
      even += w[4 &* step]
      even2 = gln_multiply_add(w[4 &* step], Vec(repeating: 2.0 / 3), even2)
    }
    write(0, w0 * Vec(repeating: 0.25))
    write(1, (even + odd) * Vec(repeating: -1.0 / 6))
    write(2, (even - odd) * Vec(repeating: -1.0 / 6))
    write(3, even2 + odd2)
    write(4, even2 - odd2)
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
    result[1] = gln_multiply_add(difference2, Vec(repeating: 2), difference1)
    if outputs > 2 { result[2] = gln_multiply_add(sum2, Vec(repeating: 4), sum1) }
    if outputs > 3 { result[3] = gln_multiply_add(difference2, Vec(repeating: 8), difference1) }
    result[outputs &- 1] += p[5]
    return result
  }
}
