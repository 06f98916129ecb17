import CKernels

/// What runs of a plan change: memory for its activations, scratch and findings, and the arguments of its kernels, which point
/// there, as tasks in stages. For one run at a time.
final class PlanBuffers {
  let plan: Plan
  let input: PlanInput
  let stages: UnsafeBufferPointer<Stage>
  let arena: ArenaGuard
  /// The outputs of the layers that the plan's key names.
  let outputs: [Location]
  /// One after another, one a thread, each with the thread's findings in front of it.
  let scratch: UnsafeMutableRawPointer
  let scratchStride: Int

  private let storage: PlanStorage

  fileprivate init(
    plan: Plan, input: PlanInput, stages: UnsafeBufferPointer<Stage>, arena: ArenaGuard, outputs: [Location],
    scratch: UnsafeMutableRawPointer, storage: PlanStorage
  ) {
    self.plan = plan
    self.input = input
    self.stages = stages
    self.arena = arena
    self.outputs = outputs
    self.scratch = scratch
    self.storage = storage
    scratchStride = plan.layout.scratchStride
  }

  deinit { arena.leave() }

  /// Writes an output as float32 planes (CHW). Not inlined: each kind of call would get a copy.
  @inline(never)
  func copyOutput(_ place: Int, to values: UnsafeMutablePointer<Float>) {
    let isInput = plan.graph.outputs[place] == Graph.inputValue
    outputs[place].copyPlanes(to: values, isInput ? plan.model.network.preprocessing : nil)
  }

  /// Forgets what units have found.
  func clearFindings() {
    for thread in 0..<plan.settings.threads { findings(of: thread).pointee = gln_findings() }
  }

  /// Whether no unit has found a value that is not finite since the findings were cleared.
  var isFinite: Bool {
    for thread in 0..<plan.settings.threads where findings(of: thread).pointee.not_finite != 0 { return false }
    return true
  }

  private func findings(of thread: Int) -> UnsafeMutablePointer<gln_findings> {
    gln_findings_of(scratch + thread &* scratchStride)
  }
}

extension PlanBuffers: AllocatedLast {}

extension AllocatedLast where Self == PlanBuffers {
  /// - Throws: `outOfMemory`, or `unsupported` where no kernel does what the plan needs.
  init(of plan: Plan) throws(GoogLeNetError) {
    let (layout, allocator, storage) = (plan.layout, plan.settings.allocator, PlanStorage())
    let preprocessing = plan.model.network.preprocessing
    let arena = try allocator.allocate(plan.arenaBytes, for: "activations")
    storage.keep(arena)
    try Allocation.check()
    arena.base.initializeMemory(as: UInt8.self, repeating: 0, count: plan.arenaBytes)
    layout.fillPixelHalo(of: arena.base, with: preprocessing.mean)
    let writer = TaskWriter(plan.model, plan.graph, plan.settings, layout, storage, arena: arena.base)
    let tasks = try writer.tasks(plan.order, plan.parts)
    var stages: [Stage] = []
    for list in tasks where !list.isEmpty { stages.append(writer.stage(list)) }
    let outputs = plan.graph.outputs.compactMap(writer.location)
    guard let input = try writer.input(preprocessing), outputs.count == plan.graph.outputs.count else {
      throw GoogLeNetError(.outOfMemory, "no memory for activations")
    }
    let scratch = try allocator.allocate(plan.scratchBytes, for: "scratch")
    storage.keep(scratch)
    try Allocation.check()
    self = PlanBuffers(
      plan: plan, input: input, stages: UnsafeBufferPointer(storage.store(stages)),
      arena: ArenaGuard(
        base: arena.base, memory: layout.memory, stages: tasks.indices.filter { !tasks[$0].isEmpty }),
      outputs: outputs, scratch: scratch.base + Int(GLN_ALIGNMENT), storage: storage)
    try Allocation.check()
  }
}
