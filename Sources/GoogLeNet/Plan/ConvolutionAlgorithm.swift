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
