import CKernels

/// Places blocks with lifetimes into one arena so that blocks alive at the same time do not overlap.
struct MemoryPlan {
  struct Block {
    let size: Int
    /// Inclusive; in stages.
    var first: Int
    var last: Int
    var offset = 0

    func overlapsInTime(_ other: Block) -> Bool { first <= other.last && other.first <= last }
  }

  private(set) var blocks: [Block] = []
  private(set) var size = 0

  /// Returns the block's index.
  mutating func add(size: Int, first: Int, last: Int) -> Int {
    let alignment = Int(GLN_ALIGNMENT)
    blocks.append(Block(size: (size + alignment - 1) / alignment * alignment, first: first, last: last))
    return blocks.count - 1
  }

  /// Chooses the offsets: the largest first, each at the lowest place that is free during its life.
  mutating func place() {
    let order = blocks.indices.sorted { (left: Int, right: Int) in
      blocks[left].size != blocks[right].size ? blocks[left].size > blocks[right].size : left < right
    }
    var placed: [Int] = []
    for index in order {
      var offset = 0
      // `placed` is ordered by offset.
      for other in placed where blocks[other].overlapsInTime(blocks[index]) {
        if blocks[other].offset >= offset + blocks[index].size { break }
        offset = max(offset, blocks[other].offset + blocks[other].size)
      }
      blocks[index].offset = offset
      size = max(size, offset + blocks[index].size)
      let position = placed.firstIndex { blocks[$0].offset > offset } ?? placed.count
      placed.insert(index, at: position)
    }
  }
}
