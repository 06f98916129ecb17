/// A block of a `BlockAllocator`, given back with the object. Its content is not initialized.
final class AllocatedBlock {
  let base: UnsafeMutableRawPointer
  let size: Int
  private let allocator: BlockAllocator

  init(base: UnsafeMutableRawPointer, size: Int, allocator: BlockAllocator) {
    self.base = base
    self.size = size
    self.allocator = allocator
  }

  deinit { allocator.release(base, size) }
}
