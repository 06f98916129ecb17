import CKernels

extension gln_u16_normalization {
  /// Whether the kernel is right for whatever input.
  var isInRange: Bool {
    let largest = Float(UInt16.max)
    let most = alpha * (input_scale * input_scale) * (largest * largest) * Float(min(size, channels)) + k
    return k >= GLN_LEAST_NORMALIZED && most <= GLN_MOST_NORMALIZED
      && input_scale * output_multiplier <= GLN_MOST_NORMALIZED
  }
}
