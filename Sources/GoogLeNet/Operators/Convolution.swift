/// A two-dimensional convolution; see googlenet.proto for the meaning of each value.
public struct Convolution {
  /// (output channels, input channels / groups, kernel height, kernel width)
  public var weights: Tensor
  /// (output channels)
  public var bias: Tensor?
  public var strideHeight = 1
  public var strideWidth = 1
  public var border = Border.valid
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

  /// Pixels from a window's first one to its last.
  private var extent: (height: Int, width: Int) {
    ((kernelHeight - 1) * dilationHeight + 1, (kernelWidth - 1) * dilationWidth + 1)
  }

  /// The padding around an input.
  public func padding(around input: Shape) -> Padding {
    border.padding(around: input, extent: extent, stride: (strideHeight, strideWidth))
  }
}

extension Convolution: Operator {
  static let kind: StaticString = "Convolution"
  static let fieldNumber: UInt64 = 16

  init(_ it: Convolution?, in message: inout some OperatorMessage) throws(GoogLeNetError) {
    weights = try message.weights(1, it?.weights)
    bias = try message.tensor(2, "bias", it?.bias)
    strideHeight = try message.number(3, "stride", it?.strideHeight)
    strideWidth = try message.number(4, "stride", it?.strideWidth)
    let padding = try message.padding(5, it?.border)
    dilationHeight = try message.number(9, "dilation", it?.dilationHeight)
    dilationWidth = try message.number(10, "dilation", it?.dilationWidth)
    groups = try message.number(11, "groups", it?.groups)
    border = try message.border(12, it?.border, beside: padding)
  }

  func forEachTensor<Failure>(_ body: (StaticString, Tensor) throws(Failure) -> Void) throws(Failure) {
    try body("weights", weights)
    if let bias { try body("bias", bias) }
  }

  var traits: OperatorTraits {
    var traits = OperatorTraits(sign: .any)
    traits.weights = weights
    traits.bias = bias
    traits.groups = groups
    traits.mayHaveInputScales = true
    traits.formatMajor = border.formatMajor
    return traits
  }

  func shape(of inputs: [Shape], _ check: LayerCheck) throws(GoogLeNetError) -> Shape {
    let input = inputs[0]
    let dims = weights.dims
    guard dims.count == 4 else { throw check.fault("its weights have \(dims.count) dimensions instead of 4") }
    try check.check("stride", strideHeight, strideWidth)
    try check.check("dilation", dilationHeight, dilationWidth)
    try check.check("kernel", dims[2], dims[3])
    guard dims[0] <= NetworkValidator.channelLimit else { throw check.fault("it has \(dims[0]) output channels") }
    guard groups >= 1, groups <= input.channels, input.channels % groups == 0, dims[0] % groups == 0 else {
      throw check.fault(
        "\(groups) groups do not divide \(input.channels) input channels and \(dims[0]) output channels")
    }
    guard dims[1] == input.channels / groups else {
      throw check.fault(
        "its weights are for \(dims[1]) input channels a group, its input has \(input.channels / groups)")
    }
    if let bias { try check.checkVector(bias, "bias", dims[0]) }
    let (height, width) = extent
    try check.check(border, height, width)
    let padding = padding(around: input)
    try check.check(padding)
    // Memory is taken for padding: a small file must not ask for much.
    guard max(padding.top, padding.bottom) < height + NetworkValidator.idlePaddingLimit,
      max(padding.left, padding.right) < width + NetworkValidator.idlePaddingLimit
    else {
      throw check.fault(
        "its padding is over \(NetworkValidator.idlePaddingLimit) pixels larger than what its kernel of \(dims[2]) x "
          + "\(dims[3]) can reach")
    }
    return Shape(
      channels: dims[0],
      height: try check.windows(input.height, height, strideHeight, padding.top, padding.bottom, .floor),
      width: try check.windows(input.width, width, strideWidth, padding.left, padding.right, .floor))
  }

  func work(input: Shape, inputCount: Int, output: Shape) -> OperatorWork {
    OperatorWork(multiplyAdds: UInt64(weights.count).multiplied(by: UInt64(output.height * output.width)))
  }

  func form(inputs: [Shape]) -> GraphForm {
    var node = GraphNode.Convolution(
      weights: weights, bias: bias, inputChannels: inputs[0].channels, outputChannels: outputChannels,
      kernelHeight: kernelHeight, kernelWidth: kernelWidth)
    node.strideHeight = strideHeight
    node.strideWidth = strideWidth
    node.padding = padding(around: inputs[0])
    node.dilationHeight = dilationHeight
    node.dilationWidth = dilationWidth
    node.groups = groups
    return .node(.convolution(node))
  }
}
