import CGoogLeNet

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// The allocator of a host with one thread: counts its blocks, and may fail.
enum CountingAllocator {
  nonisolated(unsafe) static var blocks = 0
  /// How many allocations succeed before one fails; nil for all.
  nonisolated(unsafe) static var untilFailure: Int?

  static let allocate: gln_allocate_function = { context, size, alignment in
    guard context == UnsafeMutableRawPointer(bitPattern: 8) else { fatalError("allocate got another context") }
    guard alignment > 0, alignment & (alignment - 1) == 0 else { fatalError("an alignment of \(alignment)") }
    if let left = untilFailure {
      untilFailure = left == 0 ? nil : left - 1
      if left == 0 { return nil }
    }
    var block: UnsafeMutableRawPointer?
    guard posix_memalign(&block, max(alignment, 8), max(size, 1)) == 0 else { return nil }
    blocks += 1
    return block
  }

  static let release: gln_release_function = { context, block, _ in
    guard context == UnsafeMutableRawPointer(bitPattern: 8) else { fatalError("release got another context") }
    blocks -= 1
    free(block)
  }
}
