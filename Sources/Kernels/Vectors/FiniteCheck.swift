import CKernels

/// Watches results for infinity and NaN, at one operation a vector: the sum of all results × 0 is 0 as long as they are finite, and NaN
/// for good from the first on that is not.
struct FiniteCheck {
  private var sum = Vec(repeating: 0)

  @inline(__always)
  mutating func take(_ results: Vec) { sum = gln_multiply_add(results, Vec(repeating: 0), sum) }

  /// The first `count` of results that are stored at `place`, which may be all.
  @inline(__always)
  mutating func take(_ results: Vec, storedAt place: UnsafePointer<Float>, count: Int) {
    take(count >= Vec.scalarCount ? results : load(place, count: count))
  }

  /// Watches what the other one watched, too.
  @inline(__always)
  mutating func merge(_ other: FiniteCheck) { sum += other.sum }

  @inline(__always)
  func report(to findings: UnsafeMutablePointer<gln_findings>) {
    if gln_has_nan(sum) != 0 { findings.pointee.not_finite = 1 }
  }
}
