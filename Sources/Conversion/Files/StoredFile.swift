import GoogLeNet

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// Which file it is, and how much of it is stored: holes, which cost nothing on a disk, do not count.
struct StoredFile {
  struct Identity: Hashable, Sendable {
    let device: UInt64
    let number: UInt64

    init(_ status: stat) {
      device = UInt64(status.st_dev)
      number = UInt64(status.st_ino)
    }
  }

  let identity: Identity
  let byteCount: Int

  /// lseek's SEEK_DATA and SEEK_HOLE, which are there only with extensions that Swift's import leaves out.
  private static let data: Int32 = 3
  private static let hole: Int32 = 4
  /// Further pieces do not count.
  private static let pieceLimit = 100_000

  /// nil where the file's size cannot be told.
  init?(descriptor: Int32) {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { return nil }
    identity = Identity(status)
    var stored = 0
    var place: off_t = 0
    for _ in 0..<StoredFile.pieceLimit {
      let start = lseek(descriptor, place, StoredFile.data)
      guard start >= place else {
        // Where the file system cannot tell, all of it may be there.
        if errno != ENXIO { stored = Int(status.st_size) }
        break
      }
      let end = lseek(descriptor, start, StoredFile.hole)
      guard end > start else { break }
      stored += Int(end - start)
      place = end
    }
    byteCount = min(stored, Int(status.st_size))
  }

  init?(path: String) {
    let descriptor = PathText.withCString(path) { open($0, O_RDONLY | O_NONBLOCK | O_CLOEXEC) }
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    self.init(descriptor: descriptor)
  }
}
