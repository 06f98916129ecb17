/// A product of integers, those of a group side by side in a lane's 4 bytes, added to 32-bit sums, which wrap around.
protocol DotProduct {
  /// What is multiplied: signed bytes, by unsigned ones, or signed 16-bit numbers, by such.
  associatedtype Factor: FixedWidthInteger & BitwiseCopyable

  /// From how many tiles on Winograd convolution, with its larger weights, wins over a direct one by these products.
  static var leastWinogradTiles: Int { get }

  /// Adds to each lane the products of its group of `values` with its group of `weights`.
  static func add(_ sums: inout Sums, _ values: Sums, _ weights: Sums)
}

extension DotProduct {
  /// Inputs of a group.
  @inline(__always) static var groupLength: Int { 4 / MemoryLayout<Factor>.size }
  /// Whether input bytes must become 16-bit numbers first.
  @inline(__always) static var widensInput: Bool { groupLength == 2 }
}
