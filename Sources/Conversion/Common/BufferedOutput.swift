import GoogLeNet

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// Writes to a file descriptor: small pieces through a buffer, large ones at once.
struct BufferedOutput {
  let descriptor: Int32
  /// How errors name the file.
  let path: String
  private var pending: [UInt8] = []

  private static let capacity = 1 << 16

  init(descriptor: Int32, path: String) {
    self.descriptor = descriptor
    self.path = path
  }

  mutating func write(_ bytes: UnsafeRawBufferPointer) throws(GoogLeNetError) {
    if pending.count + bytes.count > BufferedOutput.capacity { try flush() }
    if bytes.count > BufferedOutput.capacity {
      try send(bytes)
    } else {
      pending.append(contentsOf: bytes)
    }
  }

  mutating func flush() throws(GoogLeNetError) {
    try pending.withRawBytes { (bytes) throws(GoogLeNetError) in try send(bytes) }
    pending.removeAll(keepingCapacity: true)
  }

  private func send(_ bytes: UnsafeRawBufferPointer) throws(GoogLeNetError) {
    var sent = 0
    while sent < bytes.count {
      let rest = UnsafeRawBufferPointer(rebasing: bytes[sent...])
      #if canImport(Glibc)
        let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
      #else
        let count = Musl.write(descriptor, rest.baseAddress, rest.count)
      #endif
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else {
        throw GoogLeNetError(.ioError, "cannot write '\(path)': \(MappedFile.text(of: count < 0 ? errno : ENOSPC))")
      }
      sent += count
    }
  }
}
