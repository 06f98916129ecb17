import GoogLeNet

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// Writes to a file descriptor: small pieces through a buffer, large ones at once.
public struct BufferedOutput {
  private let descriptor: Int32
  private let name: String
  /// How many bytes have been written.
  private(set) var sent = 0
  private var pending: [UInt8] = []

  private static let capacity = 1 << 16

  /// - Parameter name: how errors name what is written.
  public init(descriptor: Int32, name: String) {
    self.descriptor = descriptor
    self.name = name
  }

  public mutating func write(_ text: String) throws(GoogLeNetError) {
    try [UInt8](text.utf8).withRawBytes { (bytes) throws(GoogLeNetError) in try write(bytes) }
  }

  mutating func write(_ bytes: UnsafeRawBufferPointer) throws(GoogLeNetError) {
    if pending.count + bytes.count > BufferedOutput.capacity { try flush() }
    if bytes.count > BufferedOutput.capacity {
      try send(bytes)
    } else {
      pending.append(contentsOf: bytes)
    }
  }

  /// Writes what lies in the buffer.
  public mutating func flush() throws(GoogLeNetError) {
    try pending.withRawBytes { (bytes) throws(GoogLeNetError) in try send(bytes) }
    pending.removeAll(keepingCapacity: true)
  }

  private mutating func send(_ bytes: UnsafeRawBufferPointer) throws(GoogLeNetError) {
    var rest = bytes
    while !rest.isEmpty {
      #if canImport(Glibc)
        let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
      #else
        let count = Musl.write(descriptor, rest.baseAddress, rest.count)
      #endif
      if count < 0, errno == EINTR { continue }
      if count < 0, errno == EAGAIN {
        // A pipe that whoever made it does not want to wait for.
        var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        poll(&ready, 1, -1)
        continue
      }
      guard count > 0 else {
        throw GoogLeNetError(.ioError, "cannot write \(name): \(MappedFile.text(of: count < 0 ? errno : ENOSPC))")
      }
      sent += count
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    }
  }
}
