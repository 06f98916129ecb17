import CKernels

/// Builds a `Plan` step by step: `AlgorithmChoice`, `StageOrder`, `ActivationLayout`, `WeightPacking`.
struct PlanBuilder {
  private let model: Model
  private let settings: PlanSettings
  private let key: PlanKey
  private let graph: Graph

  /// - Parameters:
  ///   - shapes: of all layers at the settings' input size.
  ///   - key: its input is of the settings' size. Only what its outputs need is computed.
  ///   - takenBytes: what the session holds already of its memory limit.
  /// - Throws: `limitExceeded`, before anything large is allocated, or `outOfMemory`.
  static func plan(
    model: Model, settings: PlanSettings, shapes: [Shape], key: PlanKey, takenBytes: UInt64, crew: Crew
  ) throws(GoogLeNetError) -> Plan {
    try reserve(for: model, outputs: key.outputs)
    let encodings =
      settings.precision == .int8
      ? model.encodings : [ActivationEncoding](repeating: .float32, count: model.encodings.count)
    let graph = try Graph(
      model: model, input: key.input, shapes: shapes, encodings: encodings, outputLayers: key.outputs)
    try Allocation.check()
    let plan = try PlanBuilder(model: model, settings: settings, key: key, graph: graph).build(takenBytes, crew)
    try Allocation.check()
    return plan
  }

  /// Makes sure that the running call can allocate what making a plan, the layers' shapes included, takes in small pieces,
  /// whatever the model: see docs/memory.md.
  /// - Parameter outputs: layers whose outputs are wanted, which may be computed once more.
  static func reserve(for model: Model, outputs: [Int] = []) throws(GoogLeNetError) {
    var parts = 0
    for layer in model.network.layers { parts += PlanBuilder.parts(of: layer) }
    for output in outputs where output >= 0 { parts += PlanBuilder.parts(of: model.network.layers[output]) }
    try Allocation.ensure(512 << 10 + parts * (8 << 10))
  }

  private static func parts(of layer: Layer) -> Int {
    1 + layer.inputs.count + layer.operation.traits.groups
  }

  private func build(_ takenBytes: UInt64, _ crew: Crew) throws(GoogLeNetError) -> Plan {
    let choice = AlgorithmChoice(graph, settings)
    var parts = choice.parts
    let order = StageOrder(graph, parts, settings)
    let layout = ActivationLayout(graph, halos: choice.halos, order, settings, &parts)
    try Allocation.check()
    let jobs = WeightPacking(model: model, graph: graph, settings: settings).jobs(parts)
    let workspaceBytes = try checkLimit(takenBytes, jobs, layout)
    let weights = PlanWeights(cache: settings.packedWeights)
    let packed = try WeightPacker(model: model, allocator: settings.allocator)
      .pack(jobs, crew, weights, workspaceBytes: workspaceBytes)
    WeightPacking.place(packed, in: &parts)
    var packing = PackingMemory(fileBytes: model.byteCount, threads: settings.threads)
    for job in jobs { packing.pack(job.size, temporary: job.workspaceBytes, dropped: job.droppedBytes) }
    let operations = graph.nodes.indices.map { operation(of: $0, parts[$0].first) }
    return Plan(key, model, settings, graph, order, layout, parts, operations, weights, packing)
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

  private func operation(of index: Int, _ part: ConvolutionPart?) -> PlannedOperation {
    let node = graph.nodes[index]
    return PlannedOperation(
      node, in: graph, layerKind: model.network.layers[node.layer].operation.kind, algorithm: part?.algorithm,
      tile: part.flatMap { settings.tile(of: $0) })
  }
}
