/// The ways to compute a float32 convolution.
enum ConvolutionAlgorithm {
  case direct
  case winograd
  case openBLAS
}
