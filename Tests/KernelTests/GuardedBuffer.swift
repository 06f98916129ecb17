import CKernels
import Glibc
import Testing

/// Memory that ends at a page which must not be touched, surrounded by and filled with a canary value (a NaN).
final class GuardedBuffer<Element> {
  let count: Int
  let pointer: UnsafeMutablePointer<Element>
  private let mapping: UnsafeMutableRawPointer
  private let mappingSize: Int
  private let pageSize: Int

  static var canary: UInt8 { 0xFF }

  /// `slack`: bytes that may be read, not written, after the last element.
  init(count: Int, slack: Int = 0) {
    self.count = count
    pageSize = Int(getpagesize())
    let alignment = Int(GLN_ALIGNMENT)
    let size = (count * MemoryLayout<Element>.stride + alignment - 1) / alignment * alignment + slack
    let pages = (size + pageSize - 1) / pageSize + 1
    mappingSize = (pages + 2) * pageSize
    mapping = mmap(nil, mappingSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    memset(mapping, Int32(Self.canary), mappingSize)
    mprotect(mapping, pageSize, PROT_NONE)
    mprotect(mapping + (mappingSize - pageSize), pageSize, PROT_NONE)
    pointer = (mapping + (mappingSize - pageSize - size)).bindMemory(to: Element.self, capacity: count)
  }

  deinit { munmap(mapping, mappingSize) }

  subscript(index: Int) -> Element {
    get { pointer[index] }
    set { pointer[index] = newValue }
  }

  /// Whether all bytes of the element are as they were at first.
  func isUntouched(_ index: Int) -> Bool {
    let bytes = UnsafeRawBufferPointer(start: pointer + index, count: MemoryLayout<Element>.stride)
    return bytes.allSatisfy { $0 == Self.canary }
  }

  /// Whether nothing was written outside the elements.
  var surroundingsAreUntouched: Bool {
    let first = UnsafeRawPointer(pointer)
    let end = first + count * MemoryLayout<Element>.stride
    let before = UnsafeRawBufferPointer(
      start: mapping + pageSize, count: first - (UnsafeRawPointer(mapping) + pageSize))
    let after = UnsafeRawBufferPointer(start: end, count: UnsafeRawPointer(mapping) + (mappingSize - pageSize) - end)
    return before.allSatisfy { $0 == Self.canary } && after.allSatisfy { $0 == Self.canary }
  }
}

extension GuardedBuffer<Float> {
  /// A buffer of random values.
  convenience init(random count: Int, _ random: inout Random, scale: Float = 1) {
    self.init(count: count)
    for index in 0..<count { self[index] = random.value() * scale }
  }
}
