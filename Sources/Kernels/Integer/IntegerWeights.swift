/// Weights of 8 or 16 bits as numbers.
struct IntegerWeights {
  let values: UnsafeRawPointer
  /// Whether they have 16 bits.
  let isWide: Bool

  @inline(__always)
  subscript(index: Int) -> Int32 {
    isWide
      ? Int32(values.load(fromByteOffset: 2 &* index, as: Int16.self))
      : Int32(values.load(fromByteOffset: index, as: Int8.self))
  }
}
