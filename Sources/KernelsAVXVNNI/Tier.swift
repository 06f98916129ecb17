import CKernels

typealias Vec = SIMD8<Float>

/// What the shared code needs to know of the tier's vectors.
enum Tier {
  /// Vectors of output channels of a register tile.
  @inline(__always) static var tileVectors: Int { 2 }

  @inline(__always) static func multiplyAdd(_ sum: inout Vec, _ a: Vec, _ b: Vec) {
    sum = gln_multiply_add_256(a, b, sum)
  }

  @inline(__always) static func hasNaN(_ vector: Vec) -> Bool { gln_has_nan_256(vector) != 0 }

  /// The first `count` values, zeros in the other lanes.
  @inline(__always) static func loadFirst(_ count: Int, _ values: UnsafePointer<Float>) -> Vec {
    gln_load_first_256(values, Int32(truncatingIfNeeded: count))
  }

  @inline(__always) static func storeFirst(_ count: Int, _ vector: Vec, _ values: UnsafeMutablePointer<Float>) {
    gln_store_first_256(values, vector, Int32(truncatingIfNeeded: count))
  }
}
