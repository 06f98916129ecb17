import CKernels

/// Products of signed 16-bit numbers, two to a lane, which are exact.
enum WordDot: DotProduct {
  typealias Factor = Int16

  @inline(__always) static var leastWinogradTiles: Int { 16 }

  @inline(__always) static func add(_ sums: inout Sums, _ values: Sums, _ weights: Sums) {
    sums = gln_dot_words(sums, values, weights)
  }
}
