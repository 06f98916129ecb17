#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// A file that ends with the process: it has no name in a folder.
final class TemporaryFile {
  private let descriptor: Int32
  /// Whether it no longer holds what it held.
  private(set) var isGone = false

  init(_ contents: [UInt8]) {
    var name = Array("/tmp/googlenet-fuzz-XXXXXX".utf8CString)
    descriptor = mkstemp(&name)
    guard descriptor >= 0, unlink(name) == 0, write(descriptor, contents, contents.count) == contents.count else {
      fatalError("no temporary file")
    }
  }

  deinit { close(descriptor) }

  var path: String { "/proc/self/fd/\(descriptor)" }

  /// As a host's next release would: another file of the same name.
  func overwrite() {
    isGone = true
    var byte: UInt8 = 0
    guard pread(descriptor, &byte, 1, 0) == 1 else { return }
    byte ^= 1
    pwrite(descriptor, &byte, 1, 0)
  }

  func truncate() {
    isGone = true
    ftruncate(descriptor, 0)
  }
}
