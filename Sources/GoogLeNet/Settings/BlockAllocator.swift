import CKernels
import CPlatform

/// Where large blocks come from: the C library, or the caller's allocator.
struct BlockAllocator {
  let custom: SessionOptions.Allocator?

  func allocate(_ size: Int, for purpose: StaticString) throws(GoogLeNetError) -> AllocatedBlock {
    let base: UnsafeMutableRawPointer?
    if let custom {
      gln_host_begin()
      base = custom.allocate(custom.context, size, Int(GLN_ALIGNMENT))
      gln_host_end()
    } else {
      base = gln_allocate_aligned(size, Int(GLN_ALIGNMENT))
    }
    guard let base else { throw GoogLeNetError(.outOfMemory, "no memory for \(size) bytes of \(purpose)") }
    guard Int(bitPattern: base) % Int(GLN_ALIGNMENT) == 0 else {
      release(base, size)
      throw GoogLeNetError(
        .invalidArgument, "the allocator returned a block that is not aligned to the \(GLN_ALIGNMENT) bytes asked for")
    }
    return AllocatedBlock(base: base, size: size, allocator: self)
  }

  func release(_ base: UnsafeMutableRawPointer, _ size: Int) {
    guard let custom else { return gln_free_aligned(base) }
    gln_host_begin()
    custom.release(custom.context, base, size)
    gln_host_end()
  }

  /// Whether both take blocks from the same place, so that what one allocated may be shared by the other's users.
  func isSame(as other: BlockAllocator) -> Bool {
    guard let custom, let theirs = other.custom else { return custom == nil && other.custom == nil }
    return custom.context == theirs.context
      && unsafeBitCast(custom.allocate, to: Int.self) == unsafeBitCast(theirs.allocate, to: Int.self)
      && unsafeBitCast(custom.release, to: Int.self) == unsafeBitCast(theirs.release, to: Int.self)
  }
}
