/// A type of values that maximum pooling takes, as vectors.
protocol PooledValues {
  associatedtype Vector: SIMD

  /// The larger of each two lanes.
  static func larger(_ a: Vector, _ b: Vector) -> Vector
}

enum PooledFloats: PooledValues {
  @inline(__always) static func larger(_ a: Vec, _ b: Vec) -> Vec { Tier.larger(a, b) }
}

enum PooledBytes: PooledValues {
  @inline(__always) static func larger(_ a: Int8Tier.Bytes, _ b: Int8Tier.Bytes) -> Int8Tier.Bytes {
    Int8Tier.larger(a, b)
  }
}

enum PooledWords: PooledValues {
  @inline(__always) static func larger(_ a: Int8Tier.Words, _ b: Int8Tier.Words) -> Int8Tier.Words {
    Int8Tier.larger(a, b)
  }
}
