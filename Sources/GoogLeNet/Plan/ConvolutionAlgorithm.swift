/// The ways to compute a convolution, each with its own form of packed weights.
enum ConvolutionAlgorithm: Equatable {
  case direct
  case winograd
  case openBLAS
  /// In int8, with an output of bytes, 16-bit integers or float32.
  case integerDirect(outputType: UInt32)
  /// The same by 16-bit weights.
  case wideIntegerDirect(outputType: UInt32)
  case integerWinograd(outputType: UInt32)
}
