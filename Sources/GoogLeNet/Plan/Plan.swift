import CKernels

/// A graph with kernels, packed weights and memory: everything that a run does, as a list of tasks in stages.
/// Belongs to one session.
final class Plan {
  let input: PlanInput
  let stages: UnsafeBufferPointer<Stage>
  let arena: ArenaGuard
  /// The outputs of the wanted layers, in the order in which they were asked for.
  let outputs: [Location]
  /// In the order in which they run, as far as they depend on each other.
  let operations: [PlannedOperation]

  /// One after another, one a thread, each with the thread's findings in front of it.
  let scratch: UnsafeMutableRawPointer
  let scratchStride: Int
  private let threads: Int

  let weightBytes: Int
  let arenaBytes: Int
  let scratchBytes: Int
  /// The most bytes at once while the plan was made, the model file's included.
  let peakBytes: Int

  /// What counts towards a session's memory limit.
  var limitedBytes: UInt64 { UInt64(weightBytes) + UInt64(arenaBytes) + UInt64(scratchBytes) }

  private let storage: PlanStorage

  init(
    input: PlanInput, stages: UnsafeBufferPointer<Stage>, arena: ArenaGuard, outputs: [Location],
    operations: [PlannedOperation], scratch: UnsafeMutableRawPointer, scratchStride: Int, threads: Int,
    weightBytes: Int,
    arenaBytes: Int, scratchBytes: Int, peakBytes: Int, storage: PlanStorage
  ) {
    self.input = input
    self.stages = stages
    self.arena = arena
    self.outputs = outputs
    self.operations = operations
    self.scratch = scratch
    self.scratchStride = scratchStride
    self.threads = threads
    self.weightBytes = weightBytes
    self.arenaBytes = arenaBytes
    self.scratchBytes = scratchBytes
    self.peakBytes = peakBytes
    self.storage = storage
  }

  deinit { arena.leave() }

  /// Forgets what units have found.
  func clearFindings() {
    for thread in 0..<threads { gln_findings_of(scratch + thread &* scratchStride).pointee = gln_findings() }
  }

  /// Whether no unit has found a value that is not finite since the findings were cleared.
  var isFinite: Bool {
    for thread in 0..<threads where gln_findings_of(scratch + thread &* scratchStride).pointee.not_finite != 0 {
      return false
    }
    return true
  }
}
