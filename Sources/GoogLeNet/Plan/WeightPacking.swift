import CKernels

/// The fourth step of planning: which packed weights the convolutions read.
struct WeightPacking {
  let model: Model
  let graph: Graph
  let settings: PlanSettings

  /// One job a convolution, in the order of the nodes.
  func jobs(_ parts: [[ConvolutionPart]]) -> [WeightPacker.Job] {
    var jobs: [WeightPacker.Job] = []
    jobs.reserveCapacity(graph.nodes.count)
    for (index, node) in graph.nodes.enumerated() {
      if let job = job(node, parts[index]) { jobs.append(job) }
    }
    return jobs
  }

  private func job(_ node: GraphNode, _ parts: [ConvolutionPart]) -> WeightPacker.Job? {
    // All groups are of the same shape.
    guard let part = parts.first else { return nil }
    let size = parts.count * WeightPacker.aligned(packedSize(of: part))
    switch (part, node.kind) {
    case (.float32(let arguments, let algorithm, _), .convolution(let it)):
      let record = settings.record(of: algorithm)
      let key = key(
        node, it, algorithm, tile: settings.tile(of: part), inputPixelStride: 0, input: .float32, output: .float32)
      return WeightPacker.Job(
        key: key, size: size, workspaceBytes: it.floatWorkspaceBytes, droppedBytes: it.droppedBytes
      ) { WeightPacker.pack(it, arguments, record, into: $0, $1) }
    case (.integer(let arguments, let algorithm), .integerConvolution(let it)):
      let record = settings.integerRecord(of: algorithm)
      let input = graph.values[node.inputs[0]].encoding
      let output = graph.values[node.output].encoding
      let quantization = IntegerConvolution(
        it, input: input, output: output,
        preprocessing: node.inputs[0] == Graph.inputValue ? model.network.preprocessing : nil)
      let key = key(
        node, it, algorithm, tile: settings.tile(of: part), inputPixelStride: arguments.input_pixel_stride,
        input: input,
        output: output)
      return WeightPacker.Job(
        key: key, size: size, workspaceBytes: it.integerWorkspaceBytes, droppedBytes: it.droppedBytes
      ) { quantization.pack(arguments, record, into: $0, $1) }
    default: return nil
    }
  }

  private func key(
    _ node: GraphNode, _ it: GraphNode.Convolution, _ algorithm: ConvolutionAlgorithm, tile: WinogradTileSize?,
    inputPixelStride: Int, input: ActivationEncoding, output: ActivationEncoding
  ) -> PackedWeights.Key {
    var lastFolded = -1
    for layer in node.fused where model.network.layers[layer].operation.traits.normalization != nil {
      lastFolded = layer
    }
    return PackedWeights.Key(
      layer: node.layer, lastFolded: lastFolded, algorithm: algorithm, tile: tile, isa: settings.kernels.isa,
      kernelHeight: it.kernelHeight, kernelWidth: it.kernelWidth, inputPixelStride: inputPixelStride, input: input,
      output: output, allocator: settings.allocator)
  }

  /// Bytes of the packed weights of one group.
  private func packedSize(of part: ConvolutionPart) -> Int {
    switch part {
    case .float32(var arguments, let algorithm, _): settings.record(of: algorithm).packed_size?(&arguments) ?? 0
    case .integer(var arguments, let algorithm): settings.integerRecord(of: algorithm).packed_size?(&arguments) ?? 0
    }
  }

  /// Gives the convolutions their weights.
  /// - Parameter packed: those of `jobs`, in their order.
  static func place(_ packed: [PackedWeights], in parts: inout [[ConvolutionPart]]) {
    var next = 0
    for node in parts.indices where !parts[node].isEmpty {
      let block = packed[next].block
      let step = block.size / parts[node].count
      next += 1
      for part in parts[node].indices {
        let weights = UnsafeRawPointer(block.base + part * step)
        switch parts[node][part] {
        case .float32(var arguments, let algorithm, let shared):
          arguments.weights = weights.assumingMemoryBound(to: Float.self)
          parts[node][part] = .float32(arguments, algorithm: algorithm, shared: shared)
        case .integer(var arguments, let algorithm):
          arguments.weights = weights
          parts[node][part] = .integer(arguments, algorithm: algorithm)
        }
      }
    }
  }
}
