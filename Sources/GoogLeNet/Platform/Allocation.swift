import CPlatform

/// What becomes of Swift's allocations when the system has no memory: they are served from the reserve of the running call
/// (see `gln_reserve_begin`), and the next checkpoint ends the call.
enum Allocation {
  /// A checkpoint: before anything outlives the call, and wherever much work lies ahead.
  /// - Throws: `outOfMemory` where an allocation of the running call has failed.
  static func check() throws(GoogLeNetError) {
    guard gln_reserve_served() == 0 else { throw GoogLeNetError(.outOfMemory, "the system has no more memory") }
  }

  /// Makes sure that the running call can allocate `bytes` in small pieces, whatever the system says.
  static func ensure(_ bytes: Int) throws(GoogLeNetError) {
    try check()
    guard gln_reserve_ensure(bytes) == 0 else {
      throw GoogLeNetError(.outOfMemory, "the system has no more memory")
    }
  }
}
