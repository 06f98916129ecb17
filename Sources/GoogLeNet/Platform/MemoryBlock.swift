import CPlatform

/// Bytes that something keeps alive: the file mapping, heap block or caller's memory behind tensors.
open class MemoryBlock {
  public let bytes: UnsafeRawBufferPointer

  /// Memory that the caller keeps alive and unchanged.
  public init(borrowing bytes: UnsafeRawBufferPointer) {
    self.bytes = bytes
  }

  /// Whether `dropPages` does something.
  open var canDropPages: Bool { false }

  /// Tells the system that the pages may leave memory; they come back from their file when read again.
  open func dropPages(of range: UnsafeRawBufferPointer) {}

  /// Tells which parts, in ascending order, are only read between `beginReading` and `endReading`.
  open func leave(_ ranges: [UnsafeRawBufferPointer]) {}

  /// All bytes are there until `endReading`. Any number of threads may read.
  /// - Throws: `ioError` where they would have to come from a file that is gone or has changed.
  open func beginReading() throws(GoogLeNetError) {}

  open func endReading() {}
}

/// Memory on the heap, freed with the object.
public final class HeapBlock: MemoryBlock {
  public let mutableBytes: UnsafeMutableRawBufferPointer

  fileprivate init(owning base: UnsafeMutableRawPointer, _ byteCount: Int) {
    mutableBytes = UnsafeMutableRawBufferPointer(start: base, count: byteCount)
    super.init(borrowing: UnsafeRawBufferPointer(mutableBytes))
  }

  deinit { gln_free_aligned(mutableBytes.baseAddress) }
}

extension HeapBlock: AllocatedLast {}

extension AllocatedLast where Self == HeapBlock {
  /// `byteCount` zero bytes aligned to 64; nil where there is no memory.
  public init?(byteCount: Int) {
    self.init(unfilled: byteCount)
    self.mutableBytes.initializeMemory(as: UInt8.self, repeating: 0)
  }

  /// `byteCount` bytes aligned to 64, all of which the caller writes before they are read; nil where there is no memory.
  init?(unfilled byteCount: Int) {
    guard let base = gln_allocate_aligned(max(byteCount, 1), 64) else { return nil }
    self = HeapBlock(owning: base, byteCount)
  }
}
