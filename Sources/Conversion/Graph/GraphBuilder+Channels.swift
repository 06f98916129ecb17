import GoogLeNet

/// The channels of the network's input, taken out one by one and joined again.
extension GraphBuilder {
  /// One channel of the input.
  /// - Parameters:
  ///   - axis: along which it is taken, counted from the end where negative.
  ///   - keepsAxis: whether the axis of channels stays.
  func channel(_ node: some ForeignNode, _ input: GraphActivation, _ index: Int, axis: Int, keepsAxis: Bool)
    throws(GoogLeNetError) -> GraphInputChannel
  {
    guard input.layer == self.input?.layer, input.axes == GraphActivation.image, input.axis(axis) == .channel else {
      throw node.unsupported("only single channels of the network's input can be taken out")
    }
    let place = index < 0 ? index &+ input.shape.channels : index
    guard 0..<input.shape.channels ~= place else { throw node.invalid("it takes channel \(index)") }
    return GraphInputChannel(index: place, hasAxis: keepsAxis)
  }

  /// A channel with its own axis back.
  func unsqueezed(_ node: some ForeignNode, _ channel: GraphInputChannel, axes: [Int]) throws(GoogLeNetError)
    -> GraphInputChannel
  {
    guard !channel.hasAxis, axes == [1] || axes == [-3] else {
      throw node.unsupported("it changes the axes of one channel of the input other than by giving it its own back")
    }
    var result = channel
    result.hasAxis = true
    return result
  }

  /// All channels of the input, each scaled and shifted, as one normalization.
  /// - Parameter axis: along which they are joined, counted from the end where negative.
  mutating func joined(_ node: some ForeignNode, _ channels: [GraphInputChannel], axis: Int) throws(GoogLeNetError)
    -> GraphActivation
  {
    guard let input, channels.allSatisfy(\.hasAxis), channels.map(\.index) == [Int](0..<input.shape.channels) else {
      throw node.unsupported(
        "it joins the input's channels \(channels.map(\.index)): all in their order are supported; --channel-order tells "
          + "another one")
    }
    guard input.axis(axis) == .channel else {
      throw node.unsupported("it joins along axis \(axis): only the channels are supported")
    }
    var affine = BatchNormalization()
    affine.scale = try Tensor(channels.map { Float($0.scale) }, dims: [channels.count], file.budget)
    affine.shift = try Tensor(channels.map { Float($0.shift) }, dims: [channels.count], file.budget)
    return try add(node, .batchNormalization(affine), [input])
  }
}
