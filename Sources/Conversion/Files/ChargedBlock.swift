import GoogLeNet

/// Memory on the heap that counts against a conversion's budget as long as it lives.
final class ChargedBlock: MemoryBlock {
  private let heap: HeapBlock
  private let charge: ValueCharge

  var mutableBytes: UnsafeMutableRawBufferPointer { heap.mutableBytes }

  /// Zero bytes.
  /// - Throws: `limitExceeded` before anything is allocated, `outOfMemory`.
  init(byteCount: Int, _ budget: ValueBudget) throws(GoogLeNetError) {
    charge = try budget.charge(byteCount)
    guard let heap = HeapBlock(byteCount: byteCount) else {
      throw GoogLeNetError(.outOfMemory, "no memory for \(byteCount) bytes of values")
    }
    self.heap = heap
    super.init(borrowing: heap.bytes)
  }
}
