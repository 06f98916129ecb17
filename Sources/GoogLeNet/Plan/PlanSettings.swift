/// What a plan depends on besides the model.
struct PlanSettings {
  let kernels: KernelSelection
  let backend: Backend
  let algorithm: Algorithm
  let threads: Int
  let inputHeight: Int
  let inputWidth: Int
  let allocator: BlockAllocator
}
