/// A two-dimensional convolution; see googlenet.proto for the meaning of each value.
public struct Convolution {
  /// (output channels, input channels / groups, kernel height, kernel width)
  public var weights: Tensor
  /// (output channels)
  public var bias: Tensor?
  public var strideHeight = 1
  public var strideWidth = 1
  public var padding = Padding()
  public var dilationHeight = 1
  public var dilationWidth = 1
  public var groups = 1

  public init(weights: Tensor, bias: Tensor? = nil) {
    self.weights = weights
    self.bias = bias
  }

  public var outputChannels: Int { weights.dims[0] }
  public var kernelHeight: Int { weights.dims[2] }
  public var kernelWidth: Int { weights.dims[3] }
}
