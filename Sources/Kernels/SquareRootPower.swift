/// base^−0.5
struct SquareRootPower: NormalizationPower {
  @inline(__always)
  func callAsFunction(_ base: Vec) -> Vec { Tier.reciprocalSquareRoot(base) }
}
