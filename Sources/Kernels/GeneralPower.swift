/// base^exponent, to about a millionth.
struct GeneralPower: NormalizationPower {
  let exponent: Float

  @inline(__always)
  func callAsFunction(_ base: Vec) -> Vec { exponential(Vec(repeating: exponent) * logarithm(base)) }
}
