/// base^exponent, to about a millionth.
struct GeneralPower: NormalizationPower {
  let exponent: Float

  // Not a part of the loops over channels, of which there would be one for each exponent.
  @inline(never)
  func callAsFunction(_ base: Vec) -> Vec {
    if exponent == -0.75 { return ThreeQuarterRootPower()(base) }
    if exponent == -0.5 { return reciprocalSquareRoot(base) }
    return exponential(Vec(repeating: exponent) * logarithm(base))
  }
}
