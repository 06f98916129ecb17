import CKernels

/// Places blocks with lifetimes into one arena so that blocks alive at the same time do not overlap. Bytes are counted in 64 bits
/// everywhere, and sums that pass them stay at the largest number.
struct MemoryPlan {
  struct Block {
    /// As asked for.
    let bytes: Int64
    /// As placed: with the gap, aligned.
    let size: Int64
    /// Inclusive; in stages.
    var first: Int
    var last: Int
    var offset: Int64 = 0

    var end: Int64 { MemoryPlan.sum(offset, size) }

    func overlapsInTime(_ other: Block) -> Bool { first <= other.last && other.first <= last }
  }

  /// Up to so many blocks each is compared with all others.
  static let fewBlocks = 1024
  /// Of many blocks' unused places the most that are kept in mind.
  private static let holeLimit = 64

  private let gap: Int64
  private(set) var blocks: [Block] = []
  private(set) var size: Int64 = 0

  /// - Parameter gap: how many bytes lie between two blocks at least.
  init(gap: Int64 = 0) {
    self.gap = gap
  }

  /// Returns the block's index.
  mutating func add(size: Int64, first: Int, last: Int) -> Int {
    let alignment = Int64(GLN_ALIGNMENT)
    let whole = MemoryPlan.sum(size, gap + alignment - 1) / alignment * alignment
    blocks.append(Block(bytes: size, size: whole, first: first, last: last))
    return blocks.count - 1
  }

  /// Chooses the offsets.
  mutating func place() {
    if blocks.count <= MemoryPlan.fewBlocks { placeBySize() } else { placeByTime() }
  }

  /// The largest first, each at the lowest place that is free during its life.
  private mutating func placeBySize() {
    let order = AscendingOrder.indices(of: blocks.map { -$0.size })
    var placed: [Int] = []
    placed.reserveCapacity(blocks.count)
    for index in order {
      var offset: Int64 = 0
      // `placed` is ordered by offset.
      for other in placed where blocks[other].overlapsInTime(blocks[index]) {
        if blocks[other].offset >= MemoryPlan.sum(offset, blocks[index].size) { break }
        offset = max(offset, blocks[other].end)
      }
      blocks[index].offset = offset
      size = max(size, blocks[index].end)
      let position = placed.firstIndex { blocks[$0].offset > offset } ?? placed.count
      placed.insert(index, at: position)
    }
  }

  /// In the order in which they begin, each in the first place of those left by blocks that have ended, or behind all others: in a
  /// time in proportion to their number.
  private mutating func placeByTime() {
    let beginning = AscendingOrder.indices(of: blocks.map { Int64($0.first) })
    let ending = AscendingOrder.indices(of: blocks.map { Int64($0.last) })
    var holes: [Range<Int64>] = []
    holes.reserveCapacity(MemoryPlan.holeLimit + 1)
    var ended = 0
    for index in beginning {
      while ended < ending.count, blocks[ending[ended]].last < blocks[index].first {
        MemoryPlan.open(blocks[ending[ended]].offset..<blocks[ending[ended]].end, in: &holes)
        ended += 1
      }
      let needed = blocks[index].size
      if let place = holes.firstIndex(where: { $0.upperBound - $0.lowerBound >= needed }) {
        blocks[index].offset = holes[place].lowerBound
        holes[place] = blocks[index].end..<holes[place].upperBound
        if holes[place].isEmpty { holes.remove(at: place) }
      } else {
        blocks[index].offset = size
        size = blocks[index].end
      }
    }
  }

  /// Adds an unused place to those known, which are ordered, and joins neighbours. Beyond `holeLimit` the smallest is forgotten.
  private static func open(_ hole: Range<Int64>, in holes: inout [Range<Int64>]) {
    guard !hole.isEmpty else { return }
    var place = holes.firstIndex { $0.lowerBound >= hole.lowerBound } ?? holes.count
    var whole = hole
    if place > 0, holes[place - 1].upperBound == whole.lowerBound {
      place -= 1
      whole = holes[place].lowerBound..<whole.upperBound
      holes.remove(at: place)
    }
    if place < holes.count, holes[place].lowerBound == whole.upperBound {
      whole = whole.lowerBound..<holes[place].upperBound
      holes.remove(at: place)
    }
    holes.insert(whole, at: place)
    guard holes.count > holeLimit else { return }
    var smallest = 0
    for index in holes.indices where holes[index].count < holes[smallest].count { smallest = index }
    holes.remove(at: smallest)
  }

  /// The sum of two numbers of bytes, or the largest number.
  static func sum(_ left: Int64, _ right: Int64) -> Int64 {
    let (sum, overflow) = left.addingReportingOverflow(right)
    return overflow ? .max : sum
  }
}
