import GoogLeNet

/// What is computed of values at the same place.
extension GraphBuilder {
  /// - Parameters:
  ///   - trained: the node's own trained array, of dimensions that are spread over its input's, the last ones aligned; nil where its
  ///     second input is that.
  ///   - outputScale: of the output where it is stored in 8 bits.
  mutating func apply<Node>(
    _ elementwise: GraphElementwise, _ it: GraphOperands<Node>, trained: GraphConstant? = nil,
    outputScale: Float? = nil
  ) throws(GoogLeNetError) -> GraphActivation {
    let input = try it.activation()
    switch elementwise {
    case .sum: return try sum(it.node, try it.activations(it.indices))
    case .parametricReLU:
      if let trained { return try parametricReLU(it.node, input, slopes: trained) }
      return try parametricReLU(it.node, input, slopes: try it.constant(1))
    case .clip:
      let least = try bound(it, 1, "min", -.greatestFiniteMagnitude)
      let most = try bound(it, 2, "max", .greatestFiniteMagnitude)
      let operation = try clipping(it.node, from: least, to: most)
      return try add(it.node, operation, [input], outputScale: outputScale)
    default: return try apply(elementwise, it.node, input, outputScale: outputScale)
    }
  }

  /// The same of what has no more than one input and the node's numbers.
  mutating func apply(
    _ elementwise: GraphElementwise, _ node: some ForeignNode, _ input: GraphActivation, outputScale: Float? = nil
  ) throws(GoogLeNetError) -> GraphActivation {
    try add(node, try operation(elementwise, node), [input], outputScale: outputScale)
  }

  /// - Parameters:
  ///   - left: the first operand of an operation of two.
  ///   - right: the second.
  mutating func combine(_ node: some ForeignNode, _ operation: GraphArithmetic, _ left: GraphValue, _ right: GraphValue)
    throws(GoogLeNetError) -> GraphValue
  {
    switch (left, right) {
    case (.constant(let left), .constant(let right)): return .constant(try operation.folded(left, right, node))
    case (.activation(let input), .constant(let constant)):
      let affine = try operation.affine(input, constant, isReversed: false, node)
      return .activation(try add(node, .batchNormalization(affine), [input]))
    case (.constant(let constant), .activation(let input)):
      let affine = try operation.affine(input, constant, isReversed: true, node)
      return .activation(try add(node, .batchNormalization(affine), [input]))
    case (.inputChannel(let channel), .constant(let constant)):
      return .inputChannel(try operation.applied(to: channel, constant, isReversed: false, node))
    case (.constant(let constant), .inputChannel(let channel)):
      return .inputChannel(try operation.applied(to: channel, constant, isReversed: true, node))
    case (.dropoutMask, .constant), (.constant, .dropoutMask): return .dropoutMask
    case (.activation(let left), .activation(let right)) where operation == .add:
      return .activation(try sum(node, [left, right]))
    default: throw node.unsupported("only an image and a constant can be combined, or images added")
    }
  }

  private func operation(_ elementwise: GraphElementwise, _ node: some ForeignNode) throws(GoogLeNetError) -> Operation
  {
    switch elementwise {
    case .relu: return .relu
    case .clippedReLU(let maximum): return .clippedReLU(ClippedReLU(maximum: maximum))
    case .sigmoid: return .sigmoid
    case .leakyReLU(let names, let otherwise):
      for name in names {
        if let slope = try node.number(name) { return try leakyReLU(slope: slope) }
      }
      return try leakyReLU(slope: otherwise)
    case .rectifier:
      let slope = try node.number("negative_slope") ?? 0
      let most = try node.number("max_value") ?? .greatestFiniteMagnitude
      guard try node.number("threshold") ?? 0 == 0, slope == 0 || most == .greatestFiniteMagnitude else {
        throw node.unsupported(
          "it has a threshold, or both a negative_slope and a max_value, of which one is supported")
      }
      return slope == 0 ? try clipping(node, from: 0, to: most) : try leakyReLU(slope: slope)
    case .clip, .parametricReLU, .sum: throw node.unsupported("it has further inputs")
    }
  }

  private func bound<Node>(_ it: GraphOperands<Node>, _ input: Int, _ name: String, _ fallback: Float)
    throws(GoogLeNetError) -> Float
  {
    if let constant = try it.optionalConstant(input) {
      guard constant.count == 1 else { throw it.node.invalid("its bound has \(constant.count) values instead of one") }
      return constant.floats[0]
    }
    return try it.node.number(name) ?? fallback
  }

  private func clipping(_ node: some ForeignNode, from least: Float, to most: Float) throws(GoogLeNetError) -> Operation
  {
    guard least == 0, most > 0 else {
      throw node.unsupported("it clips to \(least) to \(most): 0 to a number above it is supported")
    }
    return most >= .greatestFiniteMagnitude ? .relu : .clippedReLU(ClippedReLU(maximum: most))
  }

  private func leakyReLU(slope: Float) throws(GoogLeNetError) -> Operation {
    slope == 0 ? .relu : .prelu(PReLU(slopes: try Tensor([slope], dims: [1], file.budget)))
  }

  private mutating func parametricReLU(_ node: some ForeignNode, _ input: GraphActivation, slopes: GraphConstant)
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

  private mutating func sum(_ node: some ForeignNode, _ inputs: [GraphActivation]) throws(GoogLeNetError)
    -> GraphActivation
  {
    guard let first = inputs.first else { throw node.invalid("it adds nothing") }
    guard inputs.count > 1 else { return first }
    if let other = inputs.first(where: { !$0.isAlong(first) }) {
      throw node.unsupported("it adds '\(first.layer)' and '\(other.layer)', whose axes differ")
    }
    return try add(node, .sum, inputs)
  }
}
