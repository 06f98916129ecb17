/// A vector from memory of any alignment.
@inline(__always)
func load(_ values: UnsafePointer<Float>) -> Vec {
  UnsafeRawPointer(values).loadUnaligned(as: Vec.self)
}

/// Stores a vector to memory of any alignment.
@inline(__always)
func store(_ vector: Vec, _ values: UnsafeMutablePointer<Float>) {
  UnsafeMutableRawPointer(values).storeBytes(of: vector, as: Vec.self)
}

/// Stores the first `count` lanes, which may be all.
@inline(__always)
func store(_ vector: Vec, _ values: UnsafeMutablePointer<Float>, count: Int) {
  if count >= Vec.scalarCount { store(vector, values) } else { Tier.storeFirst(count, vector, values) }
}

/// The first `count` values, which may be all; other lanes are zero.
@inline(__always)
func load(_ values: UnsafePointer<Float>, count: Int) -> Vec {
  count >= Vec.scalarCount ? load(values) : Tier.loadFirst(count, values)
}
