/// The power of the base that a normalization multiplies by.
protocol NormalizationPower {
  func callAsFunction(_ base: Vec) -> Vec
}
