import GoogLeNet

/// Values seen in another way, which takes no layer.
extension GraphBuilder {
  func squeezed(_ node: some ForeignNode, _ input: GraphActivation, axes numbers: [Int]) throws(GoogLeNetError)
    -> GraphActivation
  {
    let axes = numbers.isEmpty ? [.height, .width] : numbers.map { input.axis($0) }
    guard axes.allSatisfy({ $0 == .height || $0 == .width }), axes.allSatisfy({ $0.flatMap(input.size) == 1 }) else {
      throw node.unsupported("it removes the axes \(numbers): only height and width of one pixel can be removed")
    }
    var result = input
    result.axes = input.axes.filter { !axes.contains($0) }
    return result
  }

  /// - Parameter order: the old place of each axis.
  func transposed(_ node: some ForeignNode, _ input: GraphActivation, _ order: [Int]) throws(GoogLeNetError)
    -> GraphActivation
  {
    guard order.sorted() == [Int](input.axes.indices) else { throw node.invalid("perm is \(order)") }
    var result = input
    result.axes = order.map { input.axes[$0] }
    return result
  }

  /// One row of numbers for each image.
  func flattened(_ node: some ForeignNode, _ input: GraphActivation) throws(GoogLeNetError) -> GraphActivation {
    guard input.padding == Padding() else { throw node.unsupported("its input has zeros around it") }
    var result = input
    if input.axes.count == 2, input.axes[0] == .batch { return result }
    let inner = input.axes.dropFirst()
    let isOrdered = inner.elementsEqual(GraphActivation.image.filter(inner.contains))
    let isChannelsLast = inner.elementsEqual(GraphActivation.channelsLast.filter(inner.contains))
    guard input.axes.first == .batch, input.isPixel || isOrdered || isChannelsLast else {
      throw node.unsupported("it flattens an image whose axes are neither (N, C, H, W) nor (N, H, W, C)")
    }
    result.axes = [.batch, input.isPixel || isOrdered ? .flat : .flatChannelsLast]
    return result
  }

  /// - Parameter target: the new dimensions; -1 for the images, however many there are, and for one that follows from the
  ///   others.
  func reshaped(_ node: some ForeignNode, _ input: GraphActivation, to target: [Int]) throws(GoogLeNetError)
    -> GraphActivation
  {
    guard input.padding == Padding() else { throw node.unsupported("its input has zeros around it") }
    let isBatch = target.first == -1 || target.first == batch ?? 1
    let rest = [Int](target.dropFirst())
    let open = target.count(where: { $0 == -1 })
    if isBatch, open <= 1 || target.first == -1 && open == 2, !rest.isEmpty {
      if rest.count == 1, [input.shape.count, -1].contains(rest[0]) { return try flattened(node, input) }
      let sizes = input.axes.dropFirst().map { input.size($0) ?? 0 }
      if rest.count == sizes.count, zip(rest, sizes).allSatisfy({ $0 == $1 || $0 == -1 }) { return input }
      if let axes = pixelAxes(input, rest) {
        var result = input
        result.axes = axes
        return result
      }
    }
    throw node.unsupported(
      "it reshapes \(input.shape.channels) x \(input.shape.height) x \(input.shape.width) to \(target): only (images, values of one image) is supported"
    )
  }

  /// The axes by which one pixel gets dimensions that are its channels and two ones; where that is ambiguous, as in the
  /// graph's input.
  private func pixelAxes(_ input: GraphActivation, _ dims: [Int]) -> [GraphActivation.Axis]? {
    guard input.isPixel, dims.count == 3 else { return nil }
    let usual = self.input?.axes ?? GraphActivation.image
    let other = usual == GraphActivation.image ? GraphActivation.channelsLast : GraphActivation.image
    return [usual, other].first { axes in
      zip(axes.dropFirst(), dims).allSatisfy { axis, dim in
        axis == .channel ? [input.shape.channels, -1].contains(dim) : dim == 1
      }
    }
  }
}
