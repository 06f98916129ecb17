import CKernels

/// A vector from memory of any alignment.
@inline(__always)
func load(_ values: UnsafePointer<Float>) -> Vec {
  UnsafeRawPointer(values).loadUnaligned(as: Vec.self)
}

/// The first `count` values, which may be all; other lanes are zero.
@inline(__always)
func load(_ values: UnsafePointer<Float>, count: Int) -> Vec {
  count >= Vec.scalarCount ? load(values) : gln_load_first(values, Int32(truncatingIfNeeded: count))
}

/// As many bytes as a vector has lanes.
@inline(__always)
func load(_ values: UnsafePointer<UInt8>) -> Sums { gln_load_u8(values) }

/// As many 16-bit numbers as a vector has lanes.
@inline(__always)
func load(_ values: UnsafePointer<UInt16>) -> Sums { gln_load_u16(values) }

/// Stores a vector to memory of any alignment.
@inline(__always)
func store(_ vector: Vec, _ values: UnsafeMutablePointer<Float>) {
  UnsafeMutableRawPointer(values).storeBytes(of: vector, as: Vec.self)
}

/// Stores the first `count` lanes, which may be all.
@inline(__always)
func store(_ vector: Vec, _ values: UnsafeMutablePointer<Float>, count: Int) {
  if count >= Vec.scalarCount {
    store(vector, values)
  } else {
    gln_store_first(values, vector, Int32(truncatingIfNeeded: count))
  }
}

/// Stores the first `count` values, which may be all, rounded to the nearest integer and clamped.
@inline(__always)
func storeRounded(_ vector: Vec, _ values: UnsafeMutablePointer<UInt8>, count: Int) {
  if count >= Vec.scalarCount {
    gln_store_u8(values, vector)
  } else {
    gln_store_first_u8(values, vector, Int32(truncatingIfNeeded: count))
  }
}

/// Stores the first `count` values, which may be all, rounded to the nearest integer and clamped.
@inline(__always)
func storeRounded(_ vector: Vec, _ values: UnsafeMutablePointer<UInt16>, count: Int) {
  if count >= Vec.scalarCount {
    gln_store_u16(values, vector)
  } else {
    gln_store_first_u16(values, vector, Int32(truncatingIfNeeded: count))
  }
}

/// Stores the first `count` of two vectors' values, which may be all, rounded to the nearest integer and clamped: runs of
/// `Tier.narrowedRun` values of the first and of the second vector in turn.
@inline(__always)
func storeRoundedRuns(_ first: Vec, _ second: Vec, _ values: UnsafeMutablePointer<UInt8>, count: Int) {
  if count >= 2 &* Vec.scalarCount {
    gln_store_u8_runs(values, first, second)
  } else {
    gln_store_first_u8_runs(values, first, second, Int32(truncatingIfNeeded: count))
  }
}

/// Stores the first `count` of two vectors' values, which may be all, rounded to the nearest integer and clamped: runs of
/// `Tier.narrowedRun` values of the first and of the second vector in turn.
@inline(__always)
func storeRoundedRuns(_ first: Vec, _ second: Vec, _ values: UnsafeMutablePointer<UInt16>, count: Int) {
  if count >= 2 &* Vec.scalarCount {
    gln_store_u16_runs(values, first, second)
  } else {
    gln_store_first_u16_runs(values, first, second, Int32(truncatingIfNeeded: count))
  }
}
