/// A block of a `BlockAllocator`, given back with the object, or a part of one, which keeps the whole. Its content is not
/// initialized.
final class AllocatedBlock {
  private enum Source {
    case allocator(BlockAllocator)
    case whole(AllocatedBlock)
  }

  let base: UnsafeMutableRawPointer
  let size: Int
  private let source: Source

  init(base: UnsafeMutableRawPointer, size: Int, allocator: BlockAllocator) {
    self.base = base
    self.size = size
    source = .allocator(allocator)
  }

  /// The part of `whole` that begins `offset` bytes into it; it must lie inside.
  init(partOf whole: AllocatedBlock, offset: Int, size: Int) {
    base = whole.base + offset
    self.size = size
    source = .whole(whole)
  }

  deinit {
    if case .allocator(let allocator) = source { allocator.release(base, size) }
  }
}
