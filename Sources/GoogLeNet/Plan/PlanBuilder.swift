import CKernels

/// Builds a `Plan`: chooses an algorithm a convolution, orders the nodes into stages, places all activations in one arena, packs
/// weights and writes the kernels' arguments.
struct PlanBuilder {
  /// One convolution of one group, as kernels see it.
  private struct ConvolutionPart {
    var arguments: gln_f32_convolution
    let algorithm: ConvolutionAlgorithm
    let group: Int
    /// Index of its shared memory in the memory plan, if it needs some.
    var shared: Int?
  }

  /// Pixels of zeros that convolutions read around a value.
  private struct Halo {
    var padding = Padding()

    var isEmpty: Bool { padding == Padding() }
  }

  private let model: Model
  private let settings: PlanSettings
  private let graph: Graph
  private let observedLayers: [Int]
  private let storage: PlanStorage

  /// For each node its convolutions; none for other kinds.
  private var parts: [[ConvolutionPart]] = []
  /// For each value with memory of its own.
  private var halos: [Halo]
  private var blocks: [Int?]
  private var memory = MemoryPlan()
  /// For each node the stage in which its first phase runs.
  private var firstStages: [Int] = []
  private var lastStages: [Int] = []
  private var scratchSize = 0
  private var base: UnsafeMutableRawPointer?

  /// - Parameter observedLayers: layers whose outputs the plan must keep, besides logits and features.
  static func plan(model: Model, settings: PlanSettings, observedLayers: [Int], crew: Crew) throws(GoogLeNetError)
    -> Plan
  {
    let shapes = try model.shapes(height: settings.inputHeight, width: settings.inputWidth)
    let graph = Graph(
      model: model, input: model.inputShape(settings.inputHeight, settings.inputWidth), shapes: shapes,
      observedLayers: observedLayers + [model.logitsLayer, model.featureLayer])
    var builder = PlanBuilder(model: model, settings: settings, graph: graph, observedLayers: observedLayers)
    return try builder.build(crew)
  }

  private init(model: Model, settings: PlanSettings, graph: Graph, observedLayers: [Int]) {
    self.model = model
    self.settings = settings
    self.graph = graph
    self.observedLayers = observedLayers
    storage = PlanStorage(cache: model.packedWeights)
    halos = [Halo](repeating: Halo(), count: graph.values.count)
    blocks = [Int?](repeating: nil, count: graph.values.count)
  }

  private mutating func build(_ crew: Crew) throws(GoogLeNetError) -> Plan {
    chooseAlgorithms()
    orderStages()
    try placeMemory()
    try packWeights(crew)
    return try plan()
  }

  // MARK: Algorithms

  private func record(_ algorithm: ConvolutionAlgorithm) -> gln_f32_convolution_algorithm {
    switch algorithm {
    case .direct: settings.kernels.table.f32_direct
    case .winograd: settings.kernels.table.f32_winograd
    case .openBLAS: OpenBLASConvolution.algorithm
    }
  }

  private func algorithm(for shape: gln_f32_convolution) -> ConvolutionAlgorithm {
    if settings.backend == .openBLAS { return .openBLAS }
    var shape = shape
    if settings.algorithm == .auto, let supports = settings.kernels.table.f32_winograd.supports, supports(&shape) != 0 {
      return .winograd
    }
    return .direct
  }

  private mutating func chooseAlgorithms() {
    for node in graph.nodes {
      var parts: [ConvolutionPart] = []
      if case .convolution(let convolution) = node.kind {
        for group in 0..<convolution.groups {
          let arguments = self.arguments(of: convolution, node)
          let algorithm = self.algorithm(for: arguments)
          parts.append(ConvolutionPart(arguments: arguments, algorithm: algorithm, group: group))
          widenHalo(of: node.input, for: convolution, arguments, record(algorithm))
        }
      }
      self.parts.append(parts)
    }
  }

  /// The arguments without pointers and strides.
  private func arguments(of it: GraphNode.Convolution, _ node: GraphNode) -> gln_f32_convolution {
    let output = graph.values[node.output].shape
    var arguments = gln_f32_convolution()
    arguments.input_channels = Int32(it.inputChannels / it.groups)
    arguments.output_channels = Int32(it.outputChannels / it.groups)
    arguments.output_height = Int32(output.height)
    arguments.output_width = Int32(output.width)
    arguments.kernel_height = Int32(it.kernelHeight)
    arguments.kernel_width = Int32(it.kernelWidth)
    arguments.stride_height = Int32(it.strideHeight)
    arguments.stride_width = Int32(it.strideWidth)
    arguments.dilation_height = Int32(it.dilationHeight)
    arguments.dilation_width = Int32(it.dilationWidth)
    arguments.threads = Int32(settings.threads)
    arguments.minimum = it.minimum
    return arguments
  }

  private mutating func widenHalo(
    of value: Int, for it: GraphNode.Convolution, _ arguments: gln_f32_convolution,
    _ record: gln_f32_convolution_algorithm
  ) {
    let root = graph.root(of: value).value
    let image = graph.values[value].shape
    var extraRows: Int32 = 0
    var extraColumns: Int32 = 0
    var shape = arguments
    record.extra_input?(&shape, &extraRows, &extraColumns)
    let rows = (Int(arguments.output_height) - 1) * it.strideHeight + (it.kernelHeight - 1) * it.dilationHeight + 1
    let columns = (Int(arguments.output_width) - 1) * it.strideWidth + (it.kernelWidth - 1) * it.dilationWidth + 1
    var halo = halos[root].padding
    halo.top = max(halo.top, it.padding.top)
    halo.left = max(halo.left, it.padding.left)
    halo.bottom = max(halo.bottom, rows + Int(extraRows) - it.padding.top - image.height)
    halo.right = max(halo.right, columns + Int(extraColumns) - it.padding.left - image.width)
    halos[root].padding = halo
  }

  // MARK: Stages

  private func phases(of node: Int) -> Int {
    var phases = 1
    for part in parts[node] { phases = max(phases, Int(record(part.algorithm).phases)) }
    return phases
  }

  /// Every node as early as what it reads allows.
  private mutating func orderStages() {
    // For each root the first stage in which all of it is written.
    var ready = [Int](repeating: 0, count: graph.values.count)
    for (index, node) in graph.nodes.enumerated() {
      let first = ready[graph.root(of: node.input).value]
      let last = first + phases(of: index) - 1
      firstStages.append(first)
      lastStages.append(last)
      let output = graph.root(of: node.output).value
      ready[output] = max(ready[output], last + 1)
    }
  }

  // MARK: Memory

  /// Floats from a pixel to the next. Whole cache lines where channels are many.
  private func pixelStride(of root: Int) -> Int {
    let channels = graph.values[root].shape.channels
    return channels < 16 ? channels : (channels + 15) / 16 * 16
  }

  private func rowStride(of root: Int) -> Int {
    let padding = halos[root].padding
    return (graph.values[root].shape.width + padding.left + padding.right) * pixelStride(of: root)
  }

  private mutating func placeMemory() throws(GoogLeNetError) {
    let stageCount = (lastStages.max() ?? 0) + 1
    var first = [Int](repeating: Int.max, count: graph.values.count)
    var last = [Int](repeating: -1, count: graph.values.count)
    first[Graph.inputValue] = 0
    for (index, node) in graph.nodes.enumerated() {
      let input = graph.root(of: node.input).value
      let output = graph.root(of: node.output).value
      last[input] = max(last[input], lastStages[index])
      first[output] = min(first[output], firstStages[index])
      last[output] = max(last[output], lastStages[index])
    }
    for layer in observedLayers + [model.logitsLayer, model.featureLayer, graph.layerValues.count - 1] {
      let value = layer < 0 ? Graph.inputValue : graph.layerValues[layer]
      last[graph.root(of: value).value] = stageCount
    }
    for (index, value) in graph.values.enumerated() where value.parent == nil {
      let padding = halos[index].padding
      let rows = value.shape.height + padding.top + padding.bottom
      let size = rows * rowStride(of: index) * 4 + Int(GLN_READ_SLACK)
      // Halos are cleared once, so nothing else may ever lie there.
      let whole = !halos[index].isEmpty
      blocks[index] = memory.add(
        size: size, first: whole ? 0 : min(first[index], stageCount), last: whole ? stageCount : max(last[index], 0))
    }
    for node in parts.indices {
      for part in parts[node].indices {
        var shape = parts[node][part].arguments
        locate(&shape, graph.nodes[node])
        parts[node][part].arguments = shape
        let record = record(parts[node][part].algorithm)
        let size = record.shared_size?(&shape) ?? 0
        if size > 0 {
          parts[node][part].shared = memory.add(size: size, first: firstStages[node], last: lastStages[node])
        }
        scratchSize = max(scratchSize, record.scratch_size?(&shape) ?? 0)
      }
    }
    memory.place()
    guard memory.size <= PlanBuilder.activationLimit else {
      throw GoogLeNetError(
        .unsupported,
        "\(model.source) needs \(memory.size) bytes of activations for an input of \(settings.inputHeight) x \(settings.inputWidth): the limit is \(PlanBuilder.activationLimit)"
      )
    }
    let block = try settings.allocator.allocate(memory.size, for: "activations")
    block.base.initializeMemory(as: UInt8.self, repeating: 0, count: memory.size)
    storage.keep(block)
    base = block.base
  }

  private static let activationLimit = 8 << 30

  /// Fills in the strides.
  private func locate(_ arguments: inout gln_f32_convolution, _ node: GraphNode) {
    let input = graph.root(of: node.input).value
    let output = graph.root(of: node.output).value
    arguments.input_row_stride = rowStride(of: input)
    arguments.input_pixel_stride = pixelStride(of: input)
    arguments.output_row_stride = rowStride(of: output)
    arguments.output_pixel_stride = pixelStride(of: output)
  }

  private func location(of value: Int) -> Plan.Location? {
    let (root, channelOffset) = graph.root(of: value)
    guard let base, let block = blocks[root] else { return nil }
    let padding = halos[root].padding
    let rowStride = rowStride(of: root)
    let pixelStride = pixelStride(of: root)
    let start = (base + memory.blocks[block].offset).assumingMemoryBound(to: Float.self)
    return Plan.Location(
      base: start + (padding.top * rowStride + padding.left * pixelStride + channelOffset),
      shape: graph.values[value].shape, rowStride: rowStride, pixelStride: pixelStride)
  }

  // MARK: Weights

  private mutating func packWeights(_ crew: Crew) throws(GoogLeNetError) {
    var jobs: [WeightPacker.Job] = []
    for (index, node) in graph.nodes.enumerated() {
      guard case .convolution(let convolution) = node.kind else { continue }
      for part in parts[index] {
        var shape = part.arguments
        let record = record(part.algorithm)
        let key = PackedWeightsCache.Key(
          layer: node.layer, group: part.group, folded: convolution.affine != nil, algorithm: part.algorithm,
          isa: settings.kernels.isa, height: Int(shape.output_height), width: Int(shape.output_width),
          allocator: settings.allocator)
        jobs.append(
          WeightPacker.Job(
            convolution: convolution, group: part.group, arguments: shape, record: record, key: key,
            size: record.packed_size?(&shape) ?? 0))
      }
    }
    let packed = try WeightPacker(model: model, allocator: settings.allocator).pack(jobs, crew, storage)
    var next = 0
    for node in parts.indices {
      for part in parts[node].indices {
        parts[node][part].arguments.weights = UnsafePointer(
          packed[next].base.assumingMemoryBound(to: Float.self))
        next += 1
      }
    }
  }

  // MARK: Tasks

  private func task(_ run: gln_run_unit?, _ arguments: UnsafeRawPointer, phase: Int = 0, units: Int32)
    throws(GoogLeNetError) -> Plan.Task
  {
    guard let run else {
      throw GoogLeNetError(.unsupported, "the tier \(settings.kernels.isa.name) lacks a kernel that the network needs")
    }
    return Plan.Task(run: run, arguments: arguments, phase: Int32(phase), units: Int(units))
  }

  private func stage(_ tasks: [Plan.Task]) -> Plan.Stage {
    var units = 0
    for task in tasks { units += task.units }
    return Plan.Stage(tasks: UnsafeBufferPointer(storage.store(tasks)), units: units)
  }

  private func plan() throws(GoogLeNetError) -> Plan {
    var stages = [[Plan.Task]](repeating: [], count: (lastStages.max() ?? 0) + 1)
    for index in graph.nodes.indices {
      for (phase, task) in try tasks(of: index) { stages[firstStages[index] + phase].append(task) }
    }
    guard let input = location(of: Graph.inputValue), let base,
      let probabilities = location(of: graph.layerValues[graph.layerValues.count - 1]),
      let logits = location(of: value(of: model.logitsLayer)),
      let features = location(of: value(of: model.featureLayer))
    else { throw GoogLeNetError(.outOfMemory, "no memory for activations") }
    let pixels = storage.store(pixelArguments(input))
    let planes = storage.store(planeArguments(input))
    let scratchStride = (scratchSize + Int(GLN_ALIGNMENT) - 1) / Int(GLN_ALIGNMENT) * Int(GLN_ALIGNMENT)
    let scratch = try settings.allocator.allocate(max(scratchStride, 1) * settings.threads, for: "scratch")
    storage.keep(scratch)
    var observed: [Plan.Location] = []
    for layer in observedLayers { observed.append(location(of: value(of: layer)) ?? probabilities) }
    _ = base
    return Plan(
      pixels: pixels, planes: planes,
      pixelStage: stage([
        try task(
          settings.kernels.table.f32_pixels, pixels, units: settings.kernels.table.f32_pixels_units?(pixels) ?? 0)
      ]),
      planeStage: stage([
        try task(
          settings.kernels.table.f32_planes, planes, units: settings.kernels.table.f32_planes_units?(planes) ?? 0)
      ]),
      stages: UnsafeBufferPointer(storage.store(stages.map { stage($0) })), probabilities: probabilities,
      logits: logits, features: features, observed: observed, scratch: scratch.base, scratchStride: scratchStride,
      weightBytes: storage.weightBytes, activationBytes: memory.size + scratchStride * settings.threads,
      storage: storage)
  }

  private func value(of layer: Int) -> Int { layer < 0 ? Graph.inputValue : graph.layerValues[layer] }

  private func tasks(of index: Int) throws(GoogLeNetError) -> [(phase: Int, task: Plan.Task)] {
    let node = graph.nodes[index]
    guard let input = location(of: node.input), let output = location(of: node.output) else { return [] }
    let table = settings.kernels.table
    switch node.kind {
    case .convolution(let convolution): return try tasks(of: convolution, parts[index], input, output)
    case .pooling(let pooling):
      let arguments = storage.store(poolingArguments(pooling, input, output))
      let run = pooling.method == .max ? table.f32_max_pooling : table.f32_average_pooling
      return [(0, try task(run, arguments, units: table.f32_pooling_units?(arguments) ?? 0))]
    case .normalization(let normalization):
      let arguments = storage.store(normalizationArguments(normalization, input, output))
      return [
        (0, try task(table.f32_normalization, arguments, units: table.f32_normalization_units?(arguments) ?? 0))
      ]
    case .affine(let affine):
      let arguments = storage.store(affineArguments(affine, input, output))
      return [(0, try task(table.f32_affine, arguments, units: table.f32_affine_units?(arguments) ?? 0))]
    case .softmax:
      let arguments = storage.store(
        gln_f32_softmax(input: input.base, output: output.base, count: Int32(input.shape.channels)))
      return [(0, try task(table.f32_softmax, arguments, units: 1))]
    }
  }

  private func tasks(
    of it: GraphNode.Convolution, _ parts: [ConvolutionPart], _ input: Plan.Location, _ output: Plan.Location
  ) throws(GoogLeNetError) -> [(phase: Int, task: Plan.Task)] {
    var tasks: [(phase: Int, task: Plan.Task)] = []
    for part in parts {
      var arguments = part.arguments
      let corner = it.padding.top * input.rowStride + it.padding.left * input.pixelStride
      arguments.input = UnsafePointer(input.base - corner + part.group * Int(arguments.input_channels))
      arguments.output = output.base + part.group * Int(arguments.output_channels)
      if let shared = part.shared, let base {
        arguments.shared = (base + memory.blocks[shared].offset).assumingMemoryBound(to: Float.self)
      }
      let stored = storage.store(arguments)
      let record = record(part.algorithm)
      for phase in 0..<Int(record.phases) {
        tasks.append(
          (phase, try task(record.run, stored, phase: phase, units: record.unit_count?(stored, Int32(phase)) ?? 0)))
      }
    }
    return tasks
  }

  private func poolingArguments(_ it: Pooling, _ input: Plan.Location, _ output: Plan.Location) -> gln_f32_pooling {
    gln_f32_pooling(
      input: input.base, output: output.base, input_row_stride: input.rowStride,
      input_pixel_stride: input.pixelStride, output_row_stride: output.rowStride,
      output_pixel_stride: output.pixelStride, channels: Int32(input.shape.channels),
      input_height: Int32(input.shape.height), input_width: Int32(input.shape.width),
      output_height: Int32(output.shape.height), output_width: Int32(output.shape.width),
      kernel_height: Int32(it.kernelHeight), kernel_width: Int32(it.kernelWidth),
      stride_height: Int32(it.strideHeight), stride_width: Int32(it.strideWidth), padding_top: Int32(it.padding.top),
      padding_left: Int32(it.padding.left), padding_bottom: Int32(it.padding.bottom),
      padding_right: Int32(it.padding.right), count_includes_padding: it.countIncludesPadding ? 1 : 0,
      threads: Int32(settings.threads))
  }

  private func normalizationArguments(
    _ it: LocalResponseNormalization, _ input: Plan.Location, _ output: Plan.Location
  ) -> gln_f32_normalization {
    gln_f32_normalization(
      input: input.base, output: output.base, input_row_stride: input.rowStride,
      input_pixel_stride: input.pixelStride, output_row_stride: output.rowStride,
      output_pixel_stride: output.pixelStride, height: Int32(input.shape.height), width: Int32(input.shape.width),
      channels: Int32(input.shape.channels), size: Int32(it.size),
      alpha: it.alphaPerElement ? it.alpha : it.alpha / Float(it.size), beta: it.beta, k: it.k,
      threads: Int32(settings.threads))
  }

  private func affineArguments(_ it: GraphNode.Affine, _ input: Plan.Location, _ output: Plan.Location)
    -> gln_f32_affine
  {
    var scale: UnsafePointer<Float>?
    var shift: UnsafePointer<Float>?
    if let values = it.scale { scale = UnsafePointer(storage.store(values).baseAddress) }
    if let values = it.shift { shift = UnsafePointer(storage.store(values).baseAddress) }
    return gln_f32_affine(
      input: input.base, output: output.base, scale: scale, shift: shift, input_row_stride: input.rowStride,
      input_pixel_stride: input.pixelStride, output_row_stride: output.rowStride,
      output_pixel_stride: output.pixelStride, height: Int32(input.shape.height), width: Int32(input.shape.width),
      channels: Int32(input.shape.channels), minimum: it.minimum, threads: Int32(settings.threads))
  }

  private func pixelArguments(_ input: Plan.Location) -> gln_f32_pixels {
    var arguments = gln_f32_pixels()
    arguments.output = input.base
    arguments.output_row_stride = input.rowStride
    arguments.output_pixel_stride = input.pixelStride
    arguments.height = Int32(input.shape.height)
    arguments.width = Int32(input.shape.width)
    arguments.channels = Int32(input.shape.channels)
    let preprocessing = model.network.preprocessing
    arguments.mean.0 = preprocessing.mean[0]
    arguments.scale.0 = preprocessing.scale[0]
    if preprocessing.mean.count == 3 {
      arguments.mean.1 = preprocessing.mean[1]
      arguments.mean.2 = preprocessing.mean[2]
      arguments.scale.1 = preprocessing.scale[1]
      arguments.scale.2 = preprocessing.scale[2]
    }
    return arguments
  }

  private func planeArguments(_ input: Plan.Location) -> gln_f32_planes {
    gln_f32_planes(
      planes: nil, output: input.base, output_row_stride: input.rowStride, output_pixel_stride: input.pixelStride,
      height: Int32(input.shape.height), width: Int32(input.shape.width), channels: Int32(input.shape.channels))
  }
}
