import CKernels

extension gln_f32_convolution {
  /// The weights to fetch while a unit of the last phase ends.
  @inline(__always)
  func followingWeights(_ unit: Int32) -> UnsafeRawPointer {
    UnsafeRawPointer(following?[Int(unit)] ?? weights.unsafelyUnwrapped)
  }
}
