/// A type of values that maximum pooling takes, as vectors.
protocol PooledValues {
  associatedtype Vector: SIMD

  /// The larger of each two lanes.
  static func larger(_ a: Vector, _ b: Vector) -> Vector
}
