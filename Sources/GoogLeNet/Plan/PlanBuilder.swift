import CKernels

/// Builds a `Plan`: chooses an algorithm a convolution, orders the nodes into stages, places all activations in one arena, packs
/// weights and writes the kernels' arguments.
struct PlanBuilder {
  private let model: Model
  private let settings: PlanSettings
  private let graph: Graph
  private let storage: PlanStorage

  /// For each node its convolutions, one a group; none for other kinds.
  private var parts: [[ConvolutionPart]] = []
  /// For each value with memory of its own the pixels of padding that convolutions read around it.
  private var halos: [Padding]
  /// For each value with memory of its own its index in the memory plan.
  private var blocks: [Int?]
  private var memory = MemoryPlan(gap: ArenaGuard.gap)
  /// For each node the stages in which its first and its last phase run.
  private var firstStages: [Int] = []
  private var lastStages: [Int] = []
  /// Bytes that each thread works in.
  private var scratchSize: Int64 = 0
  private var packingMemory: PackingMemory
  private var base: UnsafeMutableRawPointer?

  /// - Parameters:
  ///   - shapes: of all layers at the settings' input size.
  ///   - outputLayers: layers whose outputs are wanted; −1 is the network's input. Only what they need is computed.
  ///   - takenBytes: what the session holds already of its memory limit.
  /// - Throws: `limitExceeded`, before anything large is allocated, or `outOfMemory`.
  static func plan(
    model: Model, settings: PlanSettings, shapes: [Shape], outputLayers: [Int], takenBytes: UInt64, crew: Crew
  ) throws(GoogLeNetError) -> Plan {
    try reserve(for: model)
    let encodings =
      settings.precision == .int8
      ? model.encodings : [ActivationEncoding](repeating: .float32, count: model.encodings.count)
    let graph = try Graph(
      model: model, input: model.inputShape(settings.inputHeight, settings.inputWidth), shapes: shapes,
      encodings: encodings, outputLayers: outputLayers)
    try Allocation.check()
    var builder = PlanBuilder(model: model, settings: settings, graph: graph)
    let plan = try builder.build(takenBytes, crew)
    try Allocation.check()
    return plan
  }

  /// Makes sure that the running call can allocate what making a plan, the layers' shapes included, takes in small pieces,
  /// whatever the model: see docs/memory.md.
  static func reserve(for model: Model) throws(GoogLeNetError) {
    var parts = 0
    for layer in model.network.layers {
      parts += 1 + layer.inputs.count
      if case .convolution(let it) = layer.operation { parts += it.groups }
    }
    try Allocation.ensure(512 << 10 + parts * (8 << 10))
  }

  private init(model: Model, settings: PlanSettings, graph: Graph) {
    self.model = model
    self.settings = settings
    self.graph = graph
    storage = PlanStorage(cache: settings.packedWeights)
    packingMemory = PackingMemory(fileBytes: model.byteCount, threads: settings.threads)
    halos = [Padding](repeating: Padding(), count: graph.values.count)
    blocks = [Int?](repeating: nil, count: graph.values.count)
  }

  private mutating func build(_ takenBytes: UInt64, _ crew: Crew) throws(GoogLeNetError) -> Plan {
    chooseAlgorithms()
    orderStages()
    placeMemory()
    try Allocation.check()
    let jobs = packingJobs()
    let workspaceBytes = try checkLimit(takenBytes, jobs)
    try allocateActivations()
    try packWeights(jobs, crew, workspaceBytes)
    return try plan()
  }

  private static let activationLimit: Int64 = 8 << 30

  /// Refuses what takes more memory than the session may have.
  /// - Returns: what is left for packing to work in.
  private func checkLimit(_ taken: UInt64, _ jobs: [WeightPacker.Job]) throws(GoogLeNetError) -> UInt64 {
    var packed: Int64 = 0
    for job in jobs { packed = MemoryPlan.sum(packed, Int64(WeightPacker.aligned(job.size))) }
    var scratch: Int64 = 0
    for _ in 0..<settings.threads { scratch = MemoryPlan.sum(scratch, Int64(scratchStride)) }
    // Packing works in memory that is given back before the kernels' is taken.
    let packing = Int64(WeightPacker.workspaceBytes(jobs))
    let needed = MemoryPlan.sum(MemoryPlan.sum(packed, memory.size), max(scratch, packing))
    guard memory.size <= PlanBuilder.activationLimit, needed <= Int64(Int.max) else {
      throw GoogLeNetError(
        .limitExceeded,
        "\(model.source) needs \(memory.size) bytes of activations for an input of \(settings.inputHeight) x "
          + "\(settings.inputWidth): the limit is \(PlanBuilder.activationLimit)")
    }
    let limit = settings.memoryLimit
    guard taken <= limit, UInt64(needed) <= limit - taken else {
      throw GoogLeNetError(
        .limitExceeded,
        "\(model.source) needs \(UInt64(needed) &+ taken) bytes for an input of \(settings.inputHeight) x "
          + "\(settings.inputWidth) (packed weights \(packed), activations \(memory.size), working memory of "
          + "\(settings.threads) threads \(max(scratch, packing)), pixels and what is there already \(taken)): the memory "
          + "limit is \(limit)")
    }
    return limit - taken - UInt64(packed) - UInt64(memory.size)
  }

  /// From a thread's scratch to the next one's. In front of each are the thread's findings.
  private var scratchStride: Int {
    let alignment = Int64(GLN_ALIGNMENT)
    return Int(clamping: MemoryPlan.sum(scratchSize, 2 * alignment - 1) / alignment * alignment)
  }

  private var table: gln_kernel_table { settings.kernels.table }

  // MARK: Algorithms

  private func record(_ algorithm: ConvolutionAlgorithm) -> gln_f32_convolution_algorithm {
    switch algorithm {
    case .winograd: table.f32_winograd
    case .openBLAS: OpenBLASConvolution.algorithm
    default: table.f32_direct
    }
  }

  private func integerRecord(_ algorithm: ConvolutionAlgorithm) -> gln_s8_convolution_algorithm {
    switch algorithm {
    case .integerWinograd(_, let isWide): isWide ? table.s16_winograd : table.s8_winograd
    case .integerDirect(_, isWide: true): table.s16_direct
    default: table.s8_direct
    }
  }

  private func algorithm(for shape: gln_f32_convolution) -> ConvolutionAlgorithm {
    if settings.backend == .openBLAS { return .openBLAS }
    var shape = shape
    if settings.algorithm == .auto, let supports = table.f32_winograd.supports, supports(&shape) != 0 {
      return .winograd
    }
    return .direct
  }

  private func algorithm(for shape: gln_s8_convolution, weights: ElementType) -> ConvolutionAlgorithm {
    var shape = shape
    let isWide = weights == .int16
    let winograd = ConvolutionAlgorithm.integerWinograd(outputType: shape.output_type.rawValue, isWide: isWide)
    if settings.algorithm == .auto, let supports = integerRecord(winograd).supports, supports(&shape) != 0 {
      return winograd
    }
    return .integerDirect(outputType: shape.output_type.rawValue, isWide: isWide)
  }

  private mutating func chooseAlgorithms() {
    for node in graph.nodes {
      var parts: [ConvolutionPart] = []
      switch node.kind {
      case .convolution(let it):
        for _ in 0..<it.groups {
          var arguments = floatArguments(of: it, node)
          let algorithm = algorithm(for: arguments)
          parts.append(.float32(arguments, algorithm: algorithm, shared: nil))
          var rows: Int32 = 0
          var columns: Int32 = 0
          record(algorithm).extra_input?(&arguments, &rows, &columns)
          widenHalo(of: node, for: it, extraRows: Int(rows), extraColumns: Int(columns))
        }
      case .integerConvolution(let it):
        for _ in 0..<it.groups {
          var arguments = integerArguments(of: it, node)
          let algorithm = algorithm(for: arguments, weights: it.weights.elementType)
          parts.append(.integer(arguments, algorithm: algorithm))
          var rows: Int32 = 0
          var columns: Int32 = 0
          integerRecord(algorithm).extra_input?(&arguments, &rows, &columns)
          widenHalo(of: node, for: it, extraRows: Int(rows), extraColumns: Int(columns))
        }
      default: break
      }
      self.parts.append(parts)
    }
  }

  /// The arguments without pointers and the strides of rows.
  private func floatArguments(of it: GraphNode.Convolution, _ node: GraphNode) -> gln_f32_convolution {
    let output = graph.values[node.output].shape
    var arguments = gln_f32_convolution()
    arguments.input_pixel_stride = pixelStride(of: graph.root(of: node.input).value)
    arguments.output_pixel_stride = pixelStride(of: graph.root(of: node.output).value)
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
    arguments.threads_apart = settings.threadsAreApart ? 1 : 0
    arguments.minimum = it.minimum
    return arguments
  }

  /// The arguments without pointers and strides.
  private func integerArguments(of it: GraphNode.Convolution, _ node: GraphNode) -> gln_s8_convolution {
    let output = graph.values[node.output].shape
    var arguments = gln_s8_convolution()
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
    arguments.output_type =
      switch graph.values[node.output].encoding {
      case .u8: GLN_S8_OUTPUT_U8
      case .u16: GLN_S8_OUTPUT_U16
      case .float32: GLN_S8_OUTPUT_F32
      }
    return arguments
  }

  private mutating func widenHalo(
    of node: GraphNode, for it: GraphNode.Convolution, extraRows: Int, extraColumns: Int
  ) {
    let root = graph.root(of: node.input).value
    let image = graph.values[node.input].shape
    let output = graph.values[node.output].shape
    let rows = (output.height - 1) * it.strideHeight + (it.kernelHeight - 1) * it.dilationHeight + 1 + extraRows
    let columns = (output.width - 1) * it.strideWidth + (it.kernelWidth - 1) * it.dilationWidth + 1 + extraColumns
    halos[root].top = max(halos[root].top, it.padding.top)
    halos[root].left = max(halos[root].left, it.padding.left)
    halos[root].bottom = max(halos[root].bottom, rows - it.padding.top - image.height)
    halos[root].right = max(halos[root].right, columns - it.padding.left - image.width)
  }

  // MARK: Stages

  private func phases(of node: Int) -> Int {
    var phases = 1
    for case .float32(_, let algorithm, _) in parts[node] { phases = max(phases, Int(record(algorithm).phases)) }
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

  /// Elements from a pixel to the next. Aligned for vectors where channels are many.
  private func pixelStride(of root: Int) -> Int {
    let channels = graph.values[root].shape.channels
    return channels < 16 ? channels : (channels + 15) / 16 * 16
  }

  private func rowStride(of root: Int) -> Int {
    (graph.values[root].shape.width + halos[root].left + halos[root].right) * pixelStride(of: root)
  }

  private func size(of root: Int) -> Int64 {
    let rows = graph.values[root].shape.height + halos[root].top + halos[root].bottom
    let columns = graph.values[root].shape.width + halos[root].left + halos[root].right
    return Int64(rows) * Int64(columns) * Int64(pixelStride(of: root)) * Int64(graph.values[root].encoding.size)
  }

  private mutating func placeMemory() {
    let stageCount = (lastStages.max() ?? 0) + 1
    var first = [Int](repeating: stageCount, count: graph.values.count)
    var last = [Int](repeating: 0, count: graph.values.count)
    first[Graph.inputValue] = 0
    for (index, node) in graph.nodes.enumerated() {
      let input = graph.root(of: node.input).value
      let output = graph.root(of: node.output).value
      last[input] = max(last[input], lastStages[index])
      first[output] = min(first[output], firstStages[index])
      last[output] = max(last[output], lastStages[index])
    }
    for value in graph.outputs { last[graph.root(of: value).value] = stageCount }
    for (index, value) in graph.values.enumerated() where value.parent == nil {
      // Halos are filled once, so nothing else may ever lie there.
      let whole = halos[index] != Padding()
      blocks[index] = memory.add(
        size: size(of: index) + Int64(GLN_READ_SLACK), first: whole ? 0 : first[index],
        last: whole ? stageCount : last[index])
    }
    for node in parts.indices {
      for part in parts[node].indices { placeScratch(node, part) }
    }
    memory.place()
  }

  private mutating func allocateActivations() throws(GoogLeNetError) {
    let block = try settings.allocator.allocate(Int(memory.size), for: "activations")
    storage.keep(block)
    try Allocation.check()
    block.base.initializeMemory(as: UInt8.self, repeating: 0, count: Int(memory.size))
    base = block.base
    fillPixelHalo()
  }

  /// Fills in strides, which sizes of scratch may depend on, and reserves shared memory.
  private mutating func placeScratch(_ node: Int, _ part: Int) {
    let input = graph.root(of: graph.nodes[node].input).value
    let output = graph.root(of: graph.nodes[node].output).value
    switch parts[node][part] {
    case .float32(var arguments, let algorithm, _):
      arguments.input_row_stride = rowStride(of: input)
      arguments.output_row_stride = rowStride(of: output)
      let record = record(algorithm)
      let size = record.shared_size?(&arguments) ?? 0
      let shared = size > 0 ? memory.add(size: Int64(size), first: firstStages[node], last: lastStages[node]) : nil
      scratchSize = max(scratchSize, Int64(record.scratch_size?(&arguments) ?? 0))
      parts[node][part] = .float32(arguments, algorithm: algorithm, shared: shared)
    case .integer(var arguments, let algorithm):
      arguments.input_row_stride = rowStride(of: input)
      arguments.input_pixel_stride = pixelStride(of: input)
      arguments.output_row_stride = rowStride(of: output)
      arguments.output_pixel_stride = pixelStride(of: output)
      scratchSize = max(scratchSize, Int64(integerRecord(algorithm).scratch_size?(&arguments) ?? 0))
      parts[node][part] = .integer(arguments, algorithm: algorithm)
    }
  }

  /// Around pixels the padding is what the network sees as 0: the mean.
  private func fillPixelHalo() {
    guard case .u8 = graph.values[Graph.inputValue].encoding, let location = location(of: Graph.inputValue) else {
      return
    }
    let halo = halos[Graph.inputValue]
    let corner = location.bytes - (halo.top * location.rowStride + halo.left * location.pixelStride)
    let mean = model.network.preprocessing.mean
    for pixel in 0..<Int(size(of: Graph.inputValue)) / location.pixelStride {
      for channel in mean.indices {
        let value = mean[channel].rounded(.toNearestOrEven)
        corner[pixel * location.pixelStride + channel] = value >= 255 ? 255 : value > 0 ? UInt8(value) : 0
      }
    }
  }

  private func location(of value: Int) -> Location? {
    let (root, channelOffset) = graph.root(of: value)
    guard let base, let block = blocks[root] else { return nil }
    let rowStride = rowStride(of: root)
    let pixelStride = pixelStride(of: root)
    let elements = halos[root].top * rowStride + halos[root].left * pixelStride + channelOffset
    let encoding = graph.values[value].encoding
    return Location(
      base: base + (Int(memory.blocks[block].offset) + elements * encoding.size), shape: graph.values[value].shape,
      encoding: encoding, rowStride: rowStride, pixelStride: pixelStride)
  }

  // MARK: Weights

  /// One job a convolution, in the order of the nodes.
  private func packingJobs() -> [WeightPacker.Job] {
    var jobs: [WeightPacker.Job] = []
    jobs.reserveCapacity(graph.nodes.count)
    for (index, node) in graph.nodes.enumerated() {
      if let job = packingJob(node, parts[index]) { jobs.append(job) }
    }
    return jobs
  }

  private func packingJob(_ node: GraphNode, _ parts: [ConvolutionPart]) -> WeightPacker.Job? {
    // All groups are of the same shape.
    guard let part = parts.first else { return nil }
    let size = parts.count * WeightPacker.aligned(packedSize(of: part))
    switch (part, node.kind) {
    case (.float32(let arguments, let algorithm, _), .convolution(let it)):
      let record = record(algorithm)
      let key = packingKey(
        node, it, algorithm, tile: tile(of: part), inputPixelStride: 0, input: .float32, output: .float32)
      return WeightPacker.Job(
        key: key, size: size, workspaceBytes: it.floatWorkspaceBytes, droppedBytes: it.droppedBytes
      ) { WeightPacker.pack(it, arguments, record, into: $0, $1) }
    case (.integer(let arguments, let algorithm), .integerConvolution(let it)):
      let record = integerRecord(algorithm)
      let input = graph.values[node.input].encoding
      let output = graph.values[node.output].encoding
      let quantization = IntegerConvolution(
        it, input: input, output: output,
        preprocessing: node.input == Graph.inputValue ? model.network.preprocessing : nil)
      let key = packingKey(
        node, it, algorithm, tile: tile(of: part), inputPixelStride: arguments.input_pixel_stride, input: input,
        output: output)
      return WeightPacker.Job(
        key: key, size: size, workspaceBytes: it.integerWorkspaceBytes, droppedBytes: it.droppedBytes
      ) { quantization.pack(arguments, record, into: $0, $1) }
    default: return nil
    }
  }

  private func packingKey(
    _ node: GraphNode, _ it: GraphNode.Convolution, _ algorithm: ConvolutionAlgorithm, tile: WinogradTileSize?,
    inputPixelStride: Int, input: ActivationEncoding, output: ActivationEncoding
  ) -> PackedWeights.Key {
    var lastFolded = -1
    for layer in node.fused {
      if case .batchNormalization = model.network.layers[layer].operation { lastFolded = layer }
    }
    return PackedWeights.Key(
      layer: node.layer, lastFolded: lastFolded, algorithm: algorithm, tile: tile, isa: settings.kernels.isa,
      kernelHeight: it.kernelHeight, kernelWidth: it.kernelWidth, inputPixelStride: inputPixelStride, input: input,
      output: output, allocator: settings.allocator)
  }

  /// Bytes of the packed weights of one group.
  private func packedSize(of part: ConvolutionPart) -> Int {
    switch part {
    case .float32(var arguments, let algorithm, _): record(algorithm).packed_size?(&arguments) ?? 0
    case .integer(var arguments, let algorithm): integerRecord(algorithm).packed_size?(&arguments) ?? 0
    }
  }

  /// nil where it is no Winograd convolution.
  private func tile(of part: ConvolutionPart) -> WinogradTileSize? {
    var outputs: Int32 = 0
    var taps: Int32 = 0
    switch part {
    case .float32(var arguments, let algorithm, _): record(algorithm).tile?(&arguments, &outputs, &taps)
    case .integer(var arguments, let algorithm): integerRecord(algorithm).tile?(&arguments, &outputs, &taps)
    }
    return taps > 0 ? WinogradTileSize(outputs: Int(outputs), taps: Int(taps)) : nil
  }

  private mutating func packWeights(_ jobs: [WeightPacker.Job], _ crew: Crew, _ workspaceBytes: UInt64)
    throws(GoogLeNetError)
  {
    let packed = try WeightPacker(model: model, allocator: settings.allocator)
      .pack(jobs, crew, storage, workspaceBytes: workspaceBytes)
    for job in jobs { packingMemory.pack(job.size, temporary: job.workspaceBytes, dropped: job.droppedBytes) }
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

  // MARK: Tasks

  private func task(_ run: gln_run_unit?, _ arguments: UnsafeRawPointer, phase: Int = 0, units: Int32?)
    throws(GoogLeNetError) -> StageTask
  {
    guard let run, let units else {
      throw GoogLeNetError(.unsupported, "the tier \(settings.kernels.isa.name) lacks a kernel that the network needs")
    }
    return StageTask(run: run, arguments: arguments, phase: Int32(phase), units: Int(units))
  }

  private func stage(_ tasks: [StageTask]) -> Stage {
    var units = 0
    for task in tasks { units += task.units }
    return Stage(tasks: UnsafeBufferPointer(storage.store(tasks)), units: units)
  }

  private func plan() throws(GoogLeNetError) -> Plan {
    var tasks = [[StageTask]](repeating: [], count: (lastStages.max() ?? 0) + 1)
    for index in graph.nodes.indices {
      for (phase, var task) in try self.tasks(of: index) {
        task.operation = index
        tasks[firstStages[index] + phase].append(task)
      }
    }
    linkWeights(of: tasks)
    var stages: [Stage] = []
    for list in tasks where !list.isEmpty { stages.append(stage(list)) }
    var outputs: [Location] = []
    for value in graph.outputs {
      if let location = location(of: value) { outputs.append(location) }
    }
    guard let base, let input = location(of: Graph.inputValue), outputs.count == graph.outputs.count else {
      throw GoogLeNetError(.outOfMemory, "no memory for activations")
    }
    let scratch = try settings.allocator.allocate(scratchStride * settings.threads, for: "scratch")
    storage.keep(scratch)
    try Allocation.check()
    return Plan(
      input: try planInput(input), stages: UnsafeBufferPointer(storage.store(stages)),
      arena: ArenaGuard(base: base, memory: memory, stages: tasks.indices.filter { !tasks[$0].isEmpty }),
      outputs: outputs, operations: graph.nodes.indices.map(operation), scratch: scratch.base + Int(GLN_ALIGNMENT),
      scratchStride: scratchStride, threads: settings.threads, weightBytes: storage.weightBytes,
      arenaBytes: Int(memory.size), scratchBytes: scratch.size,
      peakBytes: Int(memory.size) + max(packingMemory.peak, packingMemory.final + scratch.size), storage: storage)
  }

  /// Tells the units of convolutions which weights their thread reads next.
  private func linkWeights(of stages: [[StageTask]]) {
    for thread in 0..<settings.threads {
      var next: UnsafePointer<Float>?
      for tasks in stages.reversed() {
        for task in tasks.reversed() {
          guard let order = task.weightOrder else { continue }
          for unit in task.share(of: thread, settings.threads).reversed() {
            order.following[unit] = next
            next = order.firstWeights(order.arguments, Int32(unit))
          }
        }
      }
    }
  }

  private func operation(of index: Int) -> PlannedOperation {
    let node = graph.nodes[index]
    let part = parts[index].first
    return PlannedOperation(
      node, in: graph, layerKind: model.network.layers[node.layer].operation.kind, algorithm: part?.algorithm,
      tile: part.flatMap { tile(of: $0) })
  }

  private func tasks(of index: Int) throws(GoogLeNetError) -> [(phase: Int, task: StageTask)] {
    let node = graph.nodes[index]
    guard let input = location(of: node.input), let output = location(of: node.output) else { return [] }
    let single: StageTask
    switch node.kind {
    case .convolution(let it), .integerConvolution(let it): return try tasks(of: it, parts[index], input, output)
    case .pooling(let it): single = try poolingTask(it, input, output)
    case .normalization(let it): single = try normalizationTask(it, input, output)
    case .affine(let it):
      let arguments = storage.store(affineArguments(it, input, output))
      single = try task(table.f32_affine, arguments, units: table.f32_affine_units?(arguments))
    case .softmax:
      let arguments = storage.store(
        gln_f32_softmax(input: input.floats, output: output.floats, count: Int32(input.shape.channels)))
      single = try task(table.f32_softmax, arguments, units: 1)
    case .quantize(let scale):
      let arguments = storage.store(conversionArguments(1 / scale, input, output))
      single = try task(table.u8_quantize, arguments, units: table.u8_conversion_units?(arguments))
    case .dequantize(let scale):
      let arguments = storage.store(conversionArguments(scale, input, output))
      single = try task(table.u8_dequantize, arguments, units: table.u8_conversion_units?(arguments))
    }
    return [(0, single)]
  }

  private func tasks(of it: GraphNode.Convolution, _ parts: [ConvolutionPart], _ input: Location, _ output: Location)
    throws(GoogLeNetError) -> [(phase: Int, task: StageTask)]
  {
    var tasks: [(phase: Int, task: StageTask)] = []
    let corner = it.padding.top * input.rowStride + it.padding.left * input.pixelStride
    for (group, part) in parts.enumerated() {
      switch part {
      case .float32(var arguments, let algorithm, let shared):
        arguments.input = UnsafePointer(input.floats - corner + group * Int(arguments.input_channels))
        arguments.output = output.floats + group * Int(arguments.output_channels)
        if let shared, let base {
          arguments.shared = (base + Int(memory.blocks[shared].offset)).assumingMemoryBound(to: Float.self)
        }
        let record = record(algorithm)
        var order: WeightOrder?
        let units = record.unit_count?(&arguments, record.phases - 1) ?? 0
        let following = storage.store([UnsafePointer<Float>?](repeating: nil, count: Int(units)))
        arguments.following = UnsafePointer(following.baseAddress)
        let stored = storage.store(arguments)
        if let firstWeights = record.first_weights {
          order = WeightOrder(firstWeights: firstWeights, arguments: stored, following: following)
        }
        for phase in 0..<Int(record.phases) {
          let units = record.unit_count?(stored, Int32(phase))
          if units == 0 { continue }
          var task = try task(record.run, stored, phase: phase, units: units)
          if phase == Int(record.phases) - 1 { task.weightOrder = order }
          tasks.append((phase, task))
        }
      case .integer(var arguments, let algorithm):
        arguments.input = UnsafePointer(input.bytes - corner + group * Int(arguments.input_channels))
        arguments.output = output.base + group * Int(arguments.output_channels) * output.encoding.size
        let stored = storage.store(arguments)
        let record = integerRecord(algorithm)
        tasks.append((0, try task(record.run, stored, units: record.unit_count?(stored))))
      }
    }
    return tasks
  }

  private func poolingTask(_ it: Pooling, _ input: Location, _ output: Location) throws(GoogLeNetError) -> StageTask {
    let isMaximum = it.method == .max
    let run =
      switch input.encoding {
      case .float32: isMaximum ? table.f32_max_pooling : table.f32_average_pooling
      case .u8: isMaximum ? table.u8_max_pooling : table.u8_average_pooling
      case .u16: table.u16_max_pooling
      }
    let arguments = storage.store(poolingArguments(it, input, output))
    return try task(run, arguments, units: table.pooling_units?(arguments))
  }

  private func normalizationTask(_ it: LocalResponseNormalization, _ input: Location, _ output: Location)
    throws(GoogLeNetError) -> StageTask
  {
    guard case .u16(let inputScale) = input.encoding, case .u8(let outputScale) = output.encoding else {
      let arguments = storage.store(normalizationArguments(it, input, output))
      return try task(table.f32_normalization, arguments, units: table.f32_normalization_units?(arguments))
    }
    let arguments = storage.store(
      gln_u16_normalization(
        input: input.words, output: output.bytes, input_row_stride: input.rowStride,
        input_pixel_stride: input.pixelStride, output_row_stride: output.rowStride,
        output_pixel_stride: output.pixelStride, height: Int32(input.shape.height), width: Int32(input.shape.width),
        channels: Int32(input.shape.channels), size: Int32(it.size), input_scale: inputScale,
        alpha: it.alphaOfElement, k: it.k, output_multiplier: 1 / outputScale, threads: Int32(settings.threads)))
    guard arguments.pointee.isInRange else {
      throw GoogLeNetError(
        .unsupported,
        "\(model.source): a normalization's k of \(it.k), alpha of \(it.alpha) and scales of \(inputScale) and "
          + "\(outputScale) are too small or too large for 8 bits: run the model in float32")
    }
    return try task(table.u16_normalization, arguments, units: table.u16_normalization_units?(arguments))
  }

  private func poolingArguments(_ it: Pooling, _ input: Location, _ output: Location) -> gln_pooling {
    var scale: Float = 1
    if case .u8(let it) = input.encoding { scale = it }
    return gln_pooling(
      input: input.base, output: output.base, input_row_stride: input.rowStride,
      input_pixel_stride: input.pixelStride, output_row_stride: output.rowStride,
      output_pixel_stride: output.pixelStride, channels: Int32(input.shape.channels),
      input_height: Int32(input.shape.height), input_width: Int32(input.shape.width),
      output_height: Int32(output.shape.height), output_width: Int32(output.shape.width),
      kernel_height: Int32(it.kernelHeight), kernel_width: Int32(it.kernelWidth),
      stride_height: Int32(it.strideHeight), stride_width: Int32(it.strideWidth), padding_top: Int32(it.padding.top),
      padding_left: Int32(it.padding.left), padding_bottom: Int32(it.padding.bottom),
      padding_right: Int32(it.padding.right), count_includes_padding: it.countIncludesPadding ? 1 : 0,
      threads: Int32(settings.threads), scale: scale)
  }

  private func normalizationArguments(_ it: LocalResponseNormalization, _ input: Location, _ output: Location)
    -> gln_f32_normalization
  {
    gln_f32_normalization(
      input: input.floats, output: output.floats, input_row_stride: input.rowStride,
      input_pixel_stride: input.pixelStride, output_row_stride: output.rowStride,
      output_pixel_stride: output.pixelStride, height: Int32(input.shape.height), width: Int32(input.shape.width),
      channels: Int32(input.shape.channels), size: Int32(it.size), alpha: it.alphaOfElement, beta: it.beta, k: it.k,
      threads: Int32(settings.threads))
  }

  private func affineArguments(_ it: GraphNode.Affine, _ input: Location, _ output: Location) -> gln_f32_affine {
    var scale: UnsafePointer<Float>?
    var shift: UnsafePointer<Float>?
    if let values = it.scale { scale = UnsafePointer(storage.store(values).baseAddress) }
    if let values = it.shift { shift = UnsafePointer(storage.store(values).baseAddress) }
    return gln_f32_affine(
      input: input.floats, output: output.floats, scale: scale, shift: shift, input_row_stride: input.rowStride,
      input_pixel_stride: input.pixelStride, output_row_stride: output.rowStride,
      output_pixel_stride: output.pixelStride, height: Int32(input.shape.height), width: Int32(input.shape.width),
      channels: Int32(input.shape.channels), minimum: it.minimum, threads: Int32(settings.threads))
  }

  private func conversionArguments(_ multiplier: Float, _ input: Location, _ output: Location) -> gln_u8_conversion {
    gln_u8_conversion(
      input: input.base, output: output.base, input_row_stride: input.rowStride,
      input_pixel_stride: input.pixelStride, output_row_stride: output.rowStride,
      output_pixel_stride: output.pixelStride, height: Int32(input.shape.height), width: Int32(input.shape.width),
      channels: Int32(input.shape.channels), multiplier: multiplier, threads: Int32(settings.threads))
  }

  // MARK: Input

  private func planInput(_ input: Location) throws(GoogLeNetError) -> PlanInput {
    if input.encoding == .float32 {
      let pixels = storage.store(pixelArguments(input))
      let planes = storage.store(
        gln_f32_planes(
          planes: nil, output: input.floats, output_row_stride: input.rowStride,
          output_pixel_stride: input.pixelStride, height: Int32(input.shape.height), width: Int32(input.shape.width),
          channels: Int32(input.shape.channels)))
      return PlanInput(
        arguments: .float32(pixels: pixels, planes: planes),
        pixelStage: stage([try task(table.f32_pixels, pixels, units: table.f32_pixels_units?(pixels))]),
        planeStage: stage([try task(table.f32_planes, planes, units: table.f32_planes_units?(planes))]))
    }
    var arguments = gln_u8_pixels()
    arguments.output = input.bytes
    arguments.output_row_stride = input.rowStride
    arguments.output_pixel_stride = input.pixelStride
    arguments.height = Int32(input.shape.height)
    arguments.width = Int32(input.shape.width)
    arguments.channels = Int32(input.shape.channels)
    let pixels = storage.store(arguments)
    let planes = storage.store(
      PixelRounding(
        planes: nil, output: input.bytes, rowStride: input.rowStride, pixelStride: input.pixelStride,
        height: input.shape.height, width: input.shape.width, channels: input.shape.channels, mean: mean,
        scale: scale))
    return PlanInput(
      arguments: .bytes(pixels: pixels, planes: planes),
      pixelStage: stage([try task(table.u8_pixels, pixels, units: table.u8_pixels_units?(pixels))]),
      planeStage: stage([try task(PixelRounding.run, planes, units: 1)]))
  }

  private var mean: (Float, Float, Float) { PlanBuilder.triple(model.network.preprocessing.mean) }
  private var scale: (Float, Float, Float) { PlanBuilder.triple(model.network.preprocessing.scale) }

  /// One to three values; what is missing is 0.
  private static func triple(_ values: [Float]) -> (Float, Float, Float) {
    (values[0], values.count > 1 ? values[1] : 0, values.count > 2 ? values[2] : 0)
  }

  private func pixelArguments(_ input: Location) -> gln_f32_pixels {
    var arguments = gln_f32_pixels()
    arguments.output = input.floats
    arguments.output_row_stride = input.rowStride
    arguments.output_pixel_stride = input.pixelStride
    arguments.height = Int32(input.shape.height)
    arguments.width = Int32(input.shape.width)
    arguments.channels = Int32(input.shape.channels)
    arguments.mean = (mean.0, mean.1, mean.2, 0)
    arguments.scale = (scale.0, scale.1, scale.2, 0)
    return arguments
  }
}
