import CKernels

/// Float32 values.
enum PooledFloats: PooledValues {
  @inline(__always) static func larger(_ a: Vec, _ b: Vec) -> Vec { gln_larger(a, b) }
}
