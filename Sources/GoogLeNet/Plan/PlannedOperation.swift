/// One operation of a plan, as a profile reports it.
public struct PlannedOperation {
  /// Indices of the layers that it computes in one go, in their order; none where it fills the network's input.
  public let layers: [Int]
  /// Of its first layer, or what it does where it stands for no layer.
  public let kind: StaticString
  /// How it is computed.
  public let kernel: StaticString
  /// `int8` where it reads integers.
  public let precision: Precision
  /// Of its output, for one image.
  public let shape: Shape
  /// Of the convolution as it is defined, whatever computes it; for one image.
  public let multiplyAdds: UInt64
  /// Multiplications that are really done: fewer with Winograd, whose transforms are not counted.
  public let multiplications: UInt64
}

extension PlannedOperation {
  /// - Parameters:
  ///   - layerKind: the kind of the node's first layer.
  ///   - algorithm: of a convolution.
  ///   - tile: of a Winograd convolution.
  init(
    _ node: GraphNode, in graph: Graph, layerKind: StaticString, algorithm: ConvolutionAlgorithm?,
    tile: WinogradTileSize?
  ) {
    let shape = graph.values[node.output].shape
    var multiplyAdds = 0
    var multiplications = 0
    if let convolution = node.convolution {
      multiplyAdds = shape.count * convolution.depth
      multiplications = multiplyAdds
      if let tile {
        let size = tile.outputs
        let tiles = ((shape.height + size - 1) / size) * ((shape.width + size - 1) / size)
        // With a stride the phases of the image are channels of their own.
        let phases = convolution.strideHeight * convolution.strideWidth
        let channels = phases * convolution.inputChannels / convolution.groups * convolution.outputChannels
        multiplications = tiles * tile.products * channels
      }
    }
    var conversion: StaticString?
    if case .kernel(let it) = node.kind { conversion = it.conversion }
    layers = conversion == nil ? [node.layer] + node.fused : [node.layer]
    kind = conversion ?? layerKind
    kernel = PlannedOperation.kernel(of: node, algorithm: algorithm, tile: tile)
    precision = graph.values[node.inputs[0]].encoding == .float32 ? .float32 : .int8
    self.shape = shape
    self.multiplyAdds = UInt64(multiplyAdds)
    self.multiplications = UInt64(multiplications)
  }

  /// The operation that fills the network's input from the caller's pixels or tensors.
  static func input(_ kernel: StaticString, shape: Shape, precision: Precision) -> PlannedOperation {
    PlannedOperation(
      layers: [], kind: "Input", kernel: kernel, precision: precision, shape: shape, multiplyAdds: 0,
      multiplications: 0)
  }

  private static func kernel(of node: GraphNode, algorithm: ConvolutionAlgorithm?, tile: WinogradTileSize?)
    -> StaticString
  {
    switch node.kind {
    case .convolution, .integerConvolution:
      switch algorithm {
      case .winograd, .integerWinograd: tile?.name ?? "Winograd"
      case .openBLAS: "im2col + sgemm"
      case .direct, .integerDirect, nil: "direct"
      }
    case .kernel(let it): it.name
    }
  }
}
