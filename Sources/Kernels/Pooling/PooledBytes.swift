import CKernels

/// Unsigned bytes.
enum PooledBytes: PooledValues {
  @inline(__always) static func larger(_ a: Bytes, _ b: Bytes) -> Bytes { gln_larger_bytes(a, b) }
}
