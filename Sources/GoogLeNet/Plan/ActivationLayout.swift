import CKernels

/// The third step of planning: where in one arena activations lie, and how large what threads work in must be.
struct ActivationLayout {
  private let graph: Graph
  private let halos: [Padding]
  /// For each value with memory of its own its index in the memory plan.
  private var blocks: [Int?]
  private(set) var memory = MemoryPlan(gap: ArenaGuard.gap)
  /// Bytes that each thread works in.
  private(set) var scratchSize: Int64 = 0

  /// - Parameters:
  ///   - halos: for each value with memory of its own the padding around it.
  ///   - parts: for each node its convolutions; they get their strides and shared memory.
  init(
    _ graph: Graph, halos: [Padding], _ order: StageOrder, _ settings: PlanSettings, _ parts: inout [[ConvolutionPart]]
  ) {
    self.graph = graph
    self.halos = halos
    blocks = [Int?](repeating: nil, count: graph.values.count)
    placeValues(order)
    for node in parts.indices {
      for part in parts[node].indices { place(&parts[node][part], of: node, order, settings) }
    }
    memory.place()
  }

  private func rowStride(of root: Int) -> Int {
    (graph.values[root].shape.width + halos[root].left + halos[root].right) * graph.pixelStride(of: root)
  }

  private func size(of root: Int) -> Int64 {
    let rows = graph.values[root].shape.height + halos[root].top + halos[root].bottom
    let columns = graph.values[root].shape.width + halos[root].left + halos[root].right
    return Int64(rows) * Int64(columns) * Int64(graph.pixelStride(of: root)) * Int64(graph.values[root].encoding.size)
  }

  private mutating func placeValues(_ order: StageOrder) {
    var first = [Int](repeating: order.count, count: graph.values.count)
    var last = [Int](repeating: 0, count: graph.values.count)
    first[Graph.inputValue] = 0
    for (index, node) in graph.nodes.enumerated() {
      for input in node.inputs {
        let root = graph.root(of: input).value
        last[root] = max(last[root], order.last[index])
      }
      let output = graph.root(of: node.output).value
      first[output] = min(first[output], order.first[index])
      last[output] = max(last[output], order.last[index])
    }
    for value in graph.outputs { last[graph.root(of: value).value] = order.count }
    for (index, value) in graph.values.enumerated() where value.parent == nil {
      // Halos are filled once, so nothing else may ever lie there.
      let whole = halos[index] != Padding()
      blocks[index] = memory.add(
        size: size(of: index) + Int64(GLN_READ_SLACK), first: whole ? 0 : first[index],
        last: whole ? order.count : last[index])
    }
  }

  /// Fills in strides, which sizes of scratch may depend on, and reserves shared memory.
  private mutating func place(
    _ part: inout ConvolutionPart, of node: Int, _ order: StageOrder, _ settings: PlanSettings
  ) {
    let input = graph.root(of: graph.nodes[node].inputs[0]).value
    let output = graph.root(of: graph.nodes[node].output).value
    switch part {
    case .float32(var arguments, let algorithm, _):
      arguments.input_row_stride = rowStride(of: input)
      arguments.output_row_stride = rowStride(of: output)
      let record = settings.record(of: algorithm)
      let size = record.shared_size?(&arguments) ?? 0
      let shared = size > 0 ? memory.add(size: Int64(size), first: order.first[node], last: order.last[node]) : nil
      scratchSize = max(scratchSize, Int64(record.scratch_size?(&arguments) ?? 0))
      part = .float32(arguments, algorithm: algorithm, shared: shared)
    case .integer(var arguments, let algorithm):
      arguments.input_row_stride = rowStride(of: input)
      arguments.input_pixel_stride = graph.pixelStride(of: input)
      arguments.output_row_stride = rowStride(of: output)
      arguments.output_pixel_stride = graph.pixelStride(of: output)
      scratchSize = max(scratchSize, Int64(settings.integerRecord(of: algorithm).scratch_size?(&arguments) ?? 0))
      part = .integer(arguments, algorithm: algorithm)
    }
  }

  /// From a thread's scratch to the next one's. In front of each are the thread's findings.
  var scratchStride: Int {
    let alignment = Int64(GLN_ALIGNMENT)
    return Int(clamping: MemoryPlan.sum(scratchSize, 2 * alignment - 1) / alignment * alignment)
  }

  /// Where a value lies in an arena that begins at `base`; nil for one without memory.
  func location(of value: Int, in base: UnsafeMutableRawPointer) -> Location? {
    let (root, channelOffset) = graph.root(of: value)
    guard let block = blocks[root] else { return nil }
    let rowStride = rowStride(of: root)
    let pixelStride = graph.pixelStride(of: root)
    let elements = halos[root].top * rowStride + halos[root].left * pixelStride + channelOffset
    let encoding = graph.values[value].encoding
    return Location(
      base: base + (Int(memory.blocks[block].offset) + elements * encoding.size), shape: graph.values[value].shape,
      encoding: encoding, rowStride: rowStride, pixelStride: pixelStride)
  }

  /// Around pixels the padding is what the network sees as 0: the mean.
  func fillPixelHalo(of base: UnsafeMutableRawPointer, with mean: [Float]) {
    guard case .u8 = graph.values[Graph.inputValue].encoding, let location = location(of: Graph.inputValue, in: base)
    else {
      return
    }
    let halo = halos[Graph.inputValue]
    let corner = location.bytes - (halo.top * location.rowStride + halo.left * location.pixelStride)
    for pixel in 0..<Int(size(of: Graph.inputValue)) / location.pixelStride {
      for channel in mean.indices {
        let value = mean[channel].rounded(.toNearestOrEven)
        corner[pixel * location.pixelStride + channel] = value >= 255 ? 255 : value > 0 ? UInt8(value) : 0
      }
    }
  }
}
