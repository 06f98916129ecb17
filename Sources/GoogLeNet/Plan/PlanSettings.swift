/// What a plan depends on besides the model.
struct PlanSettings {
  let kernels: KernelSelection
  let backend: Backend
  let algorithm: Algorithm
  /// `float32` or `int8`.
  let precision: Precision
  let threads: Int
  /// Whether the threads' cores share no cache. It changes who computes what, never a result.
  let threadsAreApart: Bool
  let inputHeight: Int
  let inputWidth: Int
  let allocator: BlockAllocator
  /// Of the model.
  let packedWeights: PackedWeightsCache
  /// The most bytes that a session may take: packed weights, activations, scratch and pixels, of all its plans together.
  let memoryLimit: UInt64
}
