import GoogLeNet

extension GraphBuilder {
  /// - Parameters:
  ///   - weights: (outputs, inputs a group, height, width).
  ///   - groups: nil for as many as the weights are too few for all channels.
  mutating func convolution(
    _ node: some ForeignNode, _ input: GraphActivation, weights: Tensor, bias: Tensor? = nil, _ window: GraphWindow,
    groups: Int? = nil
  ) throws(GoogLeNetError) -> GraphActivation {
    try check(node, input, window)
    var convolution = Convolution(weights: weights, bias: bias)
    if let groups {
      convolution.groups = groups
    } else {
      let inputs = weights.dims[1]
      guard inputs > 0, input.shape.channels % inputs == 0 else {
        throw node.unsupported("its weights are for \(inputs) channels, its input has \(input.shape.channels)")
      }
      convolution.groups = input.shape.channels / inputs
    }
    convolution.strideHeight = window.strides[0]
    convolution.strideWidth = window.strides[1]
    convolution.dilationHeight = window.dilations[0]
    convolution.dilationWidth = window.dilations[1]
    convolution.border = window.border(of: input)
    return try append(node, .convolution(convolution), [input])
  }

  /// - Parameter outputScale: of the output where it is stored in 8 bits.
  mutating func pooling(
    _ node: some ForeignNode, _ method: Pooling.Method, _ input: GraphActivation, _ window: GraphWindow,
    outputScale: Float? = nil
  ) throws(GoogLeNetError) -> GraphActivation {
    try check(node, input, window)
    guard window.dilations == [1, 1] else { throw node.unsupported("dilated pooling is not supported") }
    var pooling = Pooling(method)
    pooling.kernelHeight = window.kernel[0]
    pooling.kernelWidth = window.kernel[1]
    pooling.strideHeight = window.strides[0]
    pooling.strideWidth = window.strides[1]
    pooling.border = window.border(of: input)
    pooling.rounding = window.rounding
    pooling.countIncludesPadding = method == .average && window.countsPadding
    if input.padding != Padding() {
      // Zeros count in an average, and are no larger than any pixel of an input that is not negative.
      pooling.countIncludesPadding = method == .average
      let takesOver = method == .average ? pooling.border == .explicit(input.padding) : isNonNegative(input)
      guard takesOver else { throw node.unsupported("it pools an input with zeros around it") }
    }
    return try append(node, .pooling(pooling), [input], outputScale: outputScale)
  }

  private mutating func check(_ node: some ForeignNode, _ input: GraphActivation, _ window: GraphWindow)
    throws(GoogLeNetError)
  {
    guard input.axes == GraphActivation.channelsLast || input.axes == GraphActivation.image else {
      throw node.unsupported("its input is not an image with height, width and channels")
    }
    try window.check(node)
    if window.isFixed(around: input) { hasFixedPadding = true }
  }

  /// Pooling over all of the image.
  /// - Parameter keepsAxes: whether height and width stay, as one pixel.
  mutating func globalPooling(
    _ node: some ForeignNode, _ method: Pooling.Method, _ input: GraphActivation, keepsAxes: Bool = true,
    outputScale: Float? = nil
  ) throws(GoogLeNetError) -> GraphActivation {
    guard input.axes.contains(.height), input.axes.contains(.width) else {
      throw node.unsupported("its input is not an image with height and width")
    }
    var pooling = Pooling(method)
    pooling.global = true
    let kept = keepsAxes ? input.axes : input.axes.filter { $0 != .height && $0 != .width }
    return try add(node, .pooling(pooling), [input], axes: kept, outputScale: outputScale)
  }

  /// - Parameter numbers: the axes, counted from the end where negative.
  mutating func mean(
    _ node: some ForeignNode, _ input: GraphActivation, axes numbers: [Int], keepsAxes: Bool,
    outputScale: Float? = nil
  ) throws(GoogLeNetError) -> GraphActivation {
    let axes = numbers.map { input.axis($0) }
    guard axes.count == 2, axes.contains(.height), axes.contains(.width) else {
      throw node.unsupported("it averages over the axes \(numbers): only height and width together are supported")
    }
    return try globalPooling(node, .average, input, keepsAxes: keepsAxes, outputScale: outputScale)
  }

  /// Zeros around an image, which the next window takes over.
  /// - Parameters:
  ///   - amounts: before and after each axis.
  ///   - value: what is put there; nil for zero.
  func padded(_ node: some ForeignNode, _ input: GraphActivation, _ amounts: [Int], value: GraphConstant? = nil)
    throws(GoogLeNetError) -> GraphActivation
  {
    guard value?.floats.allSatisfy({ $0 == 0 }) ?? true else {
      throw node.unsupported("it pads with other values than zeros")
    }
    guard amounts.count == 2 * input.axes.count, amounts.allSatisfy({ 0...65536 ~= $0 }) else {
      throw node.invalid("its paddings are \(amounts)")
    }
    var added = Padding()
    for (index, axis) in input.axes.enumerated() {
      let (before, after) = (amounts[2 * index], amounts[2 * index + 1])
      switch axis {
      case .height: (added.top, added.bottom) = (before, after)
      case .width: (added.left, added.right) = (before, after)
      default:
        guard before == 0, after == 0 else {
          throw node.unsupported("it pads along another axis than height and width")
        }
      }
    }
    var result = input
    result.padding = input.padding.adding(added)
    guard result.padding.isReasonable else { throw node.unsupported("its paddings are \(amounts)") }
    return result
  }
}
