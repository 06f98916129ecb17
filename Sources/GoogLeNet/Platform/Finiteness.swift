/// Finds infinity and NaN among float32 values.
enum Finiteness {
  /// Whether all of `count` values at `start`, of any alignment, are finite.
  @inline(never)
  @_optimize(speed)
  static func isFinite(_ start: UnsafeRawPointer, count: Int) -> Bool {
    // Blocks without a branch inside, so that the loop becomes vector instructions.
    let block = 1 << 14
    var first = 0
    while first < count {
      let end = min(first &+ block, count)
      var sum: UInt32 = 0
      for index in first..<end {
        // Carries into the sign's place where all bits of the exponent are set.
        let magnitude = start.loadUnaligned(fromByteOffset: index &* 4, as: UInt32.self) & 0x7FFF_FFFF
        sum |= magnitude &+ 0x0080_0000
      }
      if sum >> 31 != 0 { return false }
      first = end
    }
    return true
  }

  /// The index of the first of `count` values at `start` that is not finite.
  static func firstException(_ start: UnsafePointer<Float>, count: Int) -> Int? {
    if isFinite(start, count: count) { return nil }
    for index in 0..<count where !start[index].isFinite { return index }
    return nil
  }
}
