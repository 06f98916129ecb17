import CPlatform

/// The packed weights of a model that live plans use, shared between sessions of the same settings. Thread-safe.
final class PackedWeightsCache {
  /// What packed weights depend on.
  struct Key {
    let layer: Int
    let group: Int
    /// Whether a following affine layer is folded in.
    let folded: Bool
    let algorithm: ConvolutionAlgorithm
    let isa: ISA
    /// Of the output: an algorithm may pack differently for another size.
    let height: Int
    let width: Int
    let allocator: BlockAllocator

    func isSame(as other: Key) -> Bool {
      layer == other.layer && group == other.group && folded == other.folded && algorithm == other.algorithm
        && isa == other.isa && height == other.height && width == other.width && allocator.isSame(as: other.allocator)
    }
  }

  private struct Entry {
    let key: Key
    let block: AllocatedBlock
    var users: Int
  }

  private var entries: [Entry] = []

  /// nil where there is no memory for its lock to survive a fork.
  init?() {
    guard gln_watch_forks() != 0 else { return nil }
  }

  /// Counts one more user of the block for `key`, if there is one.
  func acquire(_ key: Key) -> AllocatedBlock? {
    gln_lock_acquire()
    defer { gln_lock_release() }
    return find(key)
  }

  /// Stores a block, unless another thread was faster; returns the one to use, with one more user.
  func insert(_ block: AllocatedBlock, for key: Key) -> AllocatedBlock {
    gln_lock_acquire()
    defer { gln_lock_release() }
    if let present = find(key) { return present }
    entries.append(Entry(key: key, block: block, users: 1))
    return block
  }

  private func find(_ key: Key) -> AllocatedBlock? {
    for index in entries.indices where entries[index].key.isSame(as: key) {
      entries[index].users += 1
      return entries[index].block
    }
    return nil
  }

  /// How many blocks live plans use.
  var entryCount: Int {
    gln_lock_acquire()
    defer { gln_lock_release() }
    return entries.count
  }

  /// Ends one user's use. The caller's reference outlives the lock, so that no block is given back to a host's allocator under it.
  func release(_ block: AllocatedBlock) {
    gln_lock_acquire()
    defer { gln_lock_release() }
    for index in entries.indices where entries[index].block === block {
      entries[index].users -= 1
      if entries[index].users == 0 { entries.remove(at: index) }
      return
    }
  }
}
