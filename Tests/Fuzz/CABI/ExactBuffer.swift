/// Memory of the heap of exactly so many bytes, beyond which AddressSanitizer lets nobody write, filled with a pattern.
final class ExactBuffer {
  private static let pattern: UInt8 = 0xA5

  let bytes: UnsafeMutableRawBufferPointer

  init(byteCount: Int) {
    bytes = .allocate(byteCount: byteCount, alignment: 16)
    bytes.initializeMemory(as: UInt8.self, repeating: Self.pattern)
  }

  convenience init(_ contents: some Collection<UInt8>) {
    self.init(byteCount: contents.count)
    bytes.copyBytes(from: contents)
  }

  deinit { bytes.deallocate() }

  /// A NULL pointer where it is empty would be another case.
  var base: UnsafeMutableRawPointer { bytes.baseAddress! }

  var floats: UnsafeMutablePointer<Float> { base.assumingMemoryBound(to: Float.self) }

  /// Whether nobody wrote to it from this byte on.
  func isUntouched(from start: Int = 0) -> Bool { bytes[start...].allSatisfy { $0 == Self.pattern } }
}
