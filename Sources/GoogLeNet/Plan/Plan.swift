import CKernels

/// A graph with kernels, packed weights and places for all activations. Nothing changes it once it is built: of one plan any number
/// of `PlanBuffers` may be made, which run at the same time.
final class Plan {
  let key: PlanKey
  let model: Model
  let settings: PlanSettings
  let graph: Graph
  let order: StageOrder
  let layout: ActivationLayout
  /// For each node its convolutions, which point to their weights.
  let parts: [[ConvolutionPart]]
  /// In the order in which they run, as far as they depend on each other.
  let operations: [PlannedOperation]
  /// The most bytes at once until it had its first `PlanBuffers`, the model file's included.
  let peakBytes: Int
  private let weights: PlanWeights

  init(
    _ key: PlanKey, _ model: Model, _ settings: PlanSettings, _ graph: Graph, _ order: StageOrder,
    _ layout: ActivationLayout, _ parts: [[ConvolutionPart]], _ operations: [PlannedOperation], _ weights: PlanWeights,
    _ packing: PackingMemory
  ) {
    self.key = key
    self.model = model
    self.settings = settings
    self.graph = graph
    self.order = order
    self.layout = layout
    self.parts = parts
    self.operations = operations
    self.weights = weights
    let scratch = layout.scratchStride * settings.threads
    peakBytes = Int(layout.memory.size) + max(packing.peak, packing.final + scratch)
  }

  var weightBytes: Int { weights.byteCount }
  /// Of one `PlanBuffers`.
  var arenaBytes: Int { Int(layout.memory.size) }
  var scratchBytes: Int { layout.scratchStride * settings.threads }

  /// What counts towards a session's memory limit, with one `PlanBuffers`.
  var limitedBytes: UInt64 { UInt64(weightBytes) + UInt64(arenaBytes) + UInt64(scratchBytes) }
}
