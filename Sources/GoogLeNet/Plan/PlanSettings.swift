/// What a plan depends on besides the model.
struct PlanSettings {
  let kernels: KernelSelection
  let backend: Backend
  let algorithm: Algorithm
  /// `float32` or `int8`.
  let precision: Precision
  let threads: Int
  let inputHeight: Int
  let inputWidth: Int
  let allocator: BlockAllocator
}
