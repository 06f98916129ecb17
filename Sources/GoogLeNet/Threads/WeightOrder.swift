import CKernels

/// Where the units of a convolution begin to read weights, and the table of what they fetch for those that come after them.
struct WeightOrder {
  let firstWeights:
    @convention(c) (_ arguments: UnsafePointer<gln_f32_convolution>?, _ unit: Int32) -> UnsafePointer<Float>?
  let arguments: UnsafePointer<gln_f32_convolution>
  let following: UnsafeMutableBufferPointer<UnsafePointer<Float>?>
}
