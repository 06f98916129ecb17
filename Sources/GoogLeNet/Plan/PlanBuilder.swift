import CKernels

/// Builds a `Plan` step by step: `AlgorithmChoice`, `StageOrder`, `ActivationLayout`, `WeightPacking`, `TaskWriter`.
struct PlanBuilder {
  private let model: Model
  private let settings: PlanSettings
  private let graph: Graph

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
    let plan = try PlanBuilder(model: model, settings: settings, graph: graph).build(takenBytes, crew)
    try Allocation.check()
    return plan
  }

  /// Makes sure that the running call can allocate what making a plan, the layers' shapes included, takes in small pieces,
  /// whatever the model: see docs/memory.md.
  static func reserve(for model: Model) throws(GoogLeNetError) {
    var parts = 0
    for layer in model.network.layers {
      parts += 1 + layer.inputs.count
      parts += layer.operation.traits.groups
    }
    try Allocation.ensure(512 << 10 + parts * (8 << 10))
  }

  private func build(_ takenBytes: UInt64, _ crew: Crew) throws(GoogLeNetError) -> Plan {
    let storage = PlanStorage(cache: settings.packedWeights)
    let choice = AlgorithmChoice(graph, settings)
    var parts = choice.parts
    let order = StageOrder(graph, parts, settings)
    let layout = ActivationLayout(graph, halos: choice.halos, order, settings, &parts)
    try Allocation.check()
    let jobs = WeightPacking(model: model, graph: graph, settings: settings).jobs(parts)
    let workspaceBytes = try checkLimit(takenBytes, jobs, layout)
    let arena = try allocateActivations(layout, storage)
    let packed = try WeightPacker(model: model, allocator: settings.allocator)
      .pack(jobs, crew, storage, workspaceBytes: workspaceBytes)
    WeightPacking.place(packed, in: &parts)
    let writer = TaskWriter(model, graph, settings, layout, storage, arena: arena)
    return try plan(writer, try writer.tasks(order, parts), parts, jobs, layout, arena)
  }

  private static let activationLimit: Int64 = 8 << 30

  /// Refuses what takes more memory than the session may have.
  /// - Returns: what is left for packing to work in.
  private func checkLimit(_ taken: UInt64, _ jobs: [WeightPacker.Job], _ layout: ActivationLayout)
    throws(GoogLeNetError) -> UInt64
  {
    var packed: Int64 = 0
    for job in jobs { packed = MemoryPlan.sum(packed, Int64(WeightPacker.aligned(job.size))) }
    var scratch: Int64 = 0
    for _ in 0..<settings.threads { scratch = MemoryPlan.sum(scratch, Int64(layout.scratchStride)) }
    // Packing works in memory that is given back before the kernels' is taken.
    let packing = Int64(WeightPacker.workspaceBytes(jobs))
    let needed = MemoryPlan.sum(MemoryPlan.sum(packed, layout.memory.size), max(scratch, packing))
    guard layout.memory.size <= PlanBuilder.activationLimit, needed <= Int64(Int.max) else {
      throw GoogLeNetError(
        .limitExceeded,
        "\(model.source) needs \(layout.memory.size) bytes of activations for an input of \(settings.inputHeight) x "
          + "\(settings.inputWidth): the limit is \(PlanBuilder.activationLimit)")
    }
    let limit = settings.memoryLimit
    guard taken <= limit, UInt64(needed) <= limit - taken else {
      throw GoogLeNetError(
        .limitExceeded,
        "\(model.source) needs \(UInt64(needed) &+ taken) bytes for an input of \(settings.inputHeight) x "
          + "\(settings.inputWidth) (packed weights \(packed), activations \(layout.memory.size), working memory of "
          + "\(settings.threads) threads \(max(scratch, packing)), pixels and what is there already \(taken)): the memory "
          + "limit is \(limit)")
    }
    return limit - taken - UInt64(packed) - UInt64(layout.memory.size)
  }

  private func allocateActivations(_ layout: ActivationLayout, _ storage: PlanStorage) throws(GoogLeNetError)
    -> UnsafeMutableRawPointer
  {
    let size = Int(layout.memory.size)
    let block = try settings.allocator.allocate(size, for: "activations")
    storage.keep(block)
    try Allocation.check()
    block.base.initializeMemory(as: UInt8.self, repeating: 0, count: size)
    layout.fillPixelHalo(of: block.base, with: model.network.preprocessing.mean)
    return block.base
  }

  private func plan(
    _ writer: TaskWriter, _ tasks: [[StageTask]], _ parts: [[ConvolutionPart]], _ jobs: [WeightPacker.Job],
    _ layout: ActivationLayout, _ arena: UnsafeMutableRawPointer
  ) throws(GoogLeNetError) -> Plan {
    let storage = writer.storage
    var stages: [Stage] = []
    for list in tasks where !list.isEmpty { stages.append(writer.stage(list)) }
    let outputs = graph.outputs.compactMap(writer.location)
    guard let input = try writer.input(model.network.preprocessing), outputs.count == graph.outputs.count else {
      throw GoogLeNetError(.outOfMemory, "no memory for activations")
    }
    let stride = layout.scratchStride
    let scratch = try settings.allocator.allocate(stride * settings.threads, for: "scratch")
    storage.keep(scratch)
    try Allocation.check()
    var packing = PackingMemory(fileBytes: model.byteCount, threads: settings.threads)
    for job in jobs { packing.pack(job.size, temporary: job.workspaceBytes, dropped: job.droppedBytes) }
    let size = Int(layout.memory.size)
    return Plan(
      input: input, stages: UnsafeBufferPointer(storage.store(stages)),
      arena: ArenaGuard(base: arena, memory: layout.memory, stages: tasks.indices.filter { !tasks[$0].isEmpty }),
      outputs: outputs, operations: graph.nodes.indices.map { operation(of: $0, parts[$0].first) },
      scratch: scratch.base + Int(GLN_ALIGNMENT), scratchStride: stride, threads: settings.threads,
      weightBytes: storage.weightBytes, arenaBytes: size, scratchBytes: scratch.size,
      peakBytes: size + max(packing.peak, packing.final + scratch.size), storage: storage)
  }

  private func operation(of index: Int, _ part: ConvolutionPart?) -> PlannedOperation {
    let node = graph.nodes[index]
    return PlannedOperation(
      node, in: graph, layerKind: model.network.layers[node.layer].operation.kind, algorithm: part?.algorithm,
      tile: part.flatMap { settings.tile(of: $0) })
  }
}
