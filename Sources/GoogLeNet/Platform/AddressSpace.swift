/// Where memory of a process can be.
enum AddressSpace {
  /// Whether `count` elements of `size` bytes each can lie from `start` on. An array whose length was not computed as meant mostly
  /// cannot.
  /// - Parameter count: a `size_t` of C: below 0 it is one of the upper half.
  static func holds(_ count: Int, of size: Int, from start: UnsafeRawPointer) -> Bool {
    let (bytes, overflow) = UInt(bitPattern: count).multipliedReportingOverflow(by: UInt(size))
    let address = UInt(bitPattern: start) & addressBits
    return !overflow && bytes <= end(after: address) - address
  }

  /// Whether `count` bytes can lie anywhere.
  static func holds(_ count: Int) -> Bool { 0...end(after: 0) ~= UInt(bitPattern: count) }

  #if _pointerBitWidth(_64)
    /// Bits above may be a tag.
    private static let addressBits: UInt = 1 << 56 - 1

    private static func end(after address: UInt) -> UInt {
      #if arch(x86_64)
        // Beyond it the system places only what is asked for there.
        if address < 1 << 47 { return 1 << 47 }
      #endif
      return 1 << 56
    }
  #else
    private static let addressBits = UInt.max
    private static func end(after address: UInt) -> UInt { UInt.max }
  #endif
}
