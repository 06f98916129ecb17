import CKernels

/// Products of 16-bit numbers, two to a lane, which are exact; those of bytes would saturate.
enum Int8Dot: Int8DotProduct {
  typealias Factor = Int16

  @inline(__always) static var leastWinogradTiles: Int { 16 }

  @inline(__always) static func add(_ sums: inout Sums, _ values: Sums, _ weights: Sums) {
    sums &+= gln_multiply_pairs_256(values, weights)
  }
}

/// Products of signed 16-bit numbers, two to a lane.
typealias Int8PairDot = Int8Dot
