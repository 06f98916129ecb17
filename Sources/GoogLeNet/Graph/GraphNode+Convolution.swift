extension GraphNode {
  /// A convolution, or an inner product as a convolution whose kernel covers its whole input.
  struct Convolution {
    /// (output channels, input channels / groups, kernel height, kernel width), whatever dims the tensor itself has.
    let weights: Tensor
    let bias: Tensor?
    let inputChannels: Int
    let outputChannels: Int
    let kernelHeight: Int
    let kernelWidth: Int
    var strideHeight = 1
    var strideWidth = 1
    var padding = Padding()
    var dilationHeight = 1
    var dilationWidth = 1
    var groups = 1
    /// Applied after the bias, before the lower bound: folded into the weights when they are packed.
    var affine: (scale: [Float], shift: [Float])?
    var minimum = -Float.infinity

    /// Values that one output value is summed over.
    var depth: Int { inputChannels / groups * kernelHeight * kernelWidth }

    /// Whether it can be computed in integers. Beyond the depths 32-bit sums could overflow; that of 16 bits leaves half to the bias.
    var isInteger: Bool {
      switch weights.elementType {
      case .int8: depth <= 50_000
      case .int16: depth <= 16_512
      case .float32, .float16: false
      }
    }

    /// Whether it can read pixels as they are: normalization must be one factor for all channels, besides the means.
    func canReadPixels(_ preprocessing: Preprocessing) -> Bool {
      guard isInteger, groups == 1 else { return false }
      for channel in preprocessing.scale.indices
      where !(abs(pixelScale(preprocessing, channel) / pixelScale(preprocessing, 0) - 1) < 1e-5) {
        return false
      }
      return true
    }

    /// What one step of a pixel's channel means to the integer weights.
    func pixelScale(_ preprocessing: Preprocessing, _ channel: Int) -> Float {
      preprocessing.scale[channel] * (weights.inputScales.isEmpty ? 1 : weights.inputScales[channel])
    }
  }
}
