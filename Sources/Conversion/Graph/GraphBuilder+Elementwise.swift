import GoogLeNet

/// Functions of each value by itself, and sums.
extension GraphBuilder {
  mutating func apply(
    _ node: some ForeignNode, _ function: GraphFunction, _ input: GraphActivation, outputScale: Float? = nil
  ) throws(GoogLeNetError) -> GraphActivation {
    try add(node, try function.operation(file.budget), [input], outputScale: outputScale)
  }

  /// The same with a slope a channel.
  /// - Parameter slopes: of dimensions that are spread over the input's, the last ones aligned.
  mutating func parametricReLU(_ node: some ForeignNode, _ input: GraphActivation, slopes: GraphConstant)
    throws(GoogLeNetError) -> GraphActivation
  {
    let channels = input.shape.channels
    let wide = slopes.dims.indices.filter { slopes.dims[$0] != 1 }
    let isAlongChannels =
      wide.count == 1 && slopes.dims.count - wide[0] <= input.axes.count && slopes.count == channels
      && input.isChannel(input.axis(wide[0] - slopes.dims.count))
    guard slopes.count == 1 || isAlongChannels else {
      throw node.unsupported(
        "its slopes are \(slopes.dims): one value, or one for each of \(channels) channels, is supported")
    }
    return try add(node, .prelu(PReLU(slopes: try slopes.tensor(dims: [slopes.count], file.budget))), [input])
  }

  /// The sum of images, value by value.
  mutating func sum(_ node: some ForeignNode, _ inputs: [GraphActivation]) throws(GoogLeNetError) -> GraphActivation {
    guard let first = inputs.first else { throw node.invalid("it adds nothing") }
    guard inputs.count > 1 else { return first }
    if let other = inputs.first(where: { !$0.isAlong(first) }) {
      throw node.unsupported("it adds '\(first.layer)' and '\(other.layer)', whose axes differ")
    }
    return try add(node, .sum, inputs)
  }
}
