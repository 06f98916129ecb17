import CKernels

/// The ways to compute a convolution, each with its own form of packed weights.
enum ConvolutionAlgorithm: Equatable {
  case direct
  case winograd
  case openBLAS
  /// In integers, with an output of bytes, 16-bit integers or float32.
  /// - isWide: by weights of 16 bits.
  case integerDirect(outputType: UInt32, isWide: Bool)
  case integerWinograd(outputType: UInt32, isWide: Bool)
}

extension PlanSettings {
  /// The kernels of a float32 convolution.
  func record(of algorithm: ConvolutionAlgorithm) -> gln_f32_convolution_algorithm {
    switch algorithm {
    case .winograd: kernels.table.f32_winograd
    case .openBLAS: OpenBLASConvolution.algorithm
    default: kernels.table.f32_direct
    }
  }

  /// The kernels of a convolution of bytes.
  func integerRecord(of algorithm: ConvolutionAlgorithm) -> gln_integer_convolution_algorithm {
    switch algorithm {
    case .integerWinograd(_, let isWide): isWide ? kernels.table.s16_winograd : kernels.table.s8_winograd
    case .integerDirect(_, isWide: true): kernels.table.s16_direct
    default: kernels.table.s8_direct
    }
  }
}
