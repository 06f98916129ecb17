import CKernels

/// One group of one convolution of a plan, as its kernel sees it.
enum ConvolutionPart {
  /// - shared: index of its shared memory in the memory plan, if it needs some.
  case float32(gln_f32_convolution, algorithm: ConvolutionAlgorithm, shared: Int?)
  case integer(gln_s8_convolution, algorithm: ConvolutionAlgorithm)

  var algorithm: ConvolutionAlgorithm {
    switch self {
    case .float32(_, let algorithm, _), .integer(_, let algorithm): algorithm
    }
  }
}
