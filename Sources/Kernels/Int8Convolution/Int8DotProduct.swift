/// A product of integers in groups of 4 bytes, added to 32-bit sums, which wrap around.
protocol Int8DotProduct {
  /// Adds to each lane the products of its group of `values` with its group of `weights`.
  static func add(_ sums: inout Sums, _ values: Sums, _ weights: Sums)
}
