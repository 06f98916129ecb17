import CKernels

/// Products of signed 16-bit numbers, two to a lane, in one instruction.
enum Int8PairDot: Int8DotProduct {
  typealias Factor = Int16

  @inline(__always) static var leastWinogradTiles: Int { 16 }

  @inline(__always) static func add(_ sums: inout Sums, _ values: Sums, _ weights: Sums) {
    sums = gln_dot_pairs_256(sums, values, weights)
  }
}
