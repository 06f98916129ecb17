import CKernels

/// Products of unsigned bytes with signed bytes, four to a lane, in one instruction.
enum ByteDot: DotProduct {
  typealias Factor = Int8

  @inline(__always) static var leastWinogradTiles: Int { 32 }

  @inline(__always) static func add(_ sums: inout Sums, _ values: Sums, _ weights: Sums) {
    sums = gln_dot_bytes(sums, values, weights)
  }
}
