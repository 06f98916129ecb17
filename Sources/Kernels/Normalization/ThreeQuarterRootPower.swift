/// base^−0.75, the exponent of GoogLeNet: base^−0.5 times its own square root.
struct ThreeQuarterRootPower: NormalizationPower {
  @inline(__always)
  func callAsFunction(_ base: Vec) -> Vec {
    let root = reciprocalSquareRoot(base)
    return root * (root * reciprocalSquareRoot(root))
  }
}
