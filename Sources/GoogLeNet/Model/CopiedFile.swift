import CPlatform

/// A file read into memory, so that what becomes of it later changes nothing. Parts may leave memory while nobody
/// reads them; they are read from the file again, which must then be what it was. What comes through a pipe, a socket
/// or a terminal stays in memory.
public final class CopiedFile: MemoryBlock {
  private enum State {
    case complete
    /// Parts have left memory.
    case incomplete
    /// A thread of this process lets parts leave or reads them again.
    case changing(process: UInt64)
  }

  private let path: String
  /// Where it is read again, also from another working folder.
  private let absolutePath: String
  private let memory: UnsafeMutableRawBufferPointer
  /// Whether it cannot be read again.
  private let isStream: Bool
  // Guarded by the process's lock.
  private var state = State.complete
  private var readers = 0
  /// What leaves memory.
  private var ranges: [UnsafeRawBufferPointer] = []

  /// - Parameter path: as `PathText` has it. A pipe, a socket or a terminal is read to its end, at most 2 GiB.
  /// - Throws: `ioError` that names the file and says why, or `outOfMemory`.
  public convenience init(path: String) throws(GoogLeNetError) {
    try self.init(path: path, absolutePath: CopiedFile.absolute(path), expectedSize: 0)
  }

  /// - Parameter expectedSize: another is `ioError`; 0 for any.
  private init(path: String, absolutePath: String, expectedSize: Int) throws(GoogLeNetError) {
    var start: UnsafeMutableRawPointer?
    var size = expectedSize
    var stream: Int32 = expectedSize == 0 ? 1 : 0
    let error = PathText.withCString(absolutePath) { gln_read_file($0, &stream, &start, &size) }
    isStream = stream == 1
    self.path = path
    self.absolutePath = absolutePath
    memory = UnsafeMutableRawBufferPointer(start: start, count: start == nil ? 0 : size)
    // First: Embedded Swift frees the instance of an initializer that throws only where it is initialized.
    super.init(borrowing: UnsafeRawBufferPointer(memory))
    guard error != Int32(GLN_OTHER_SIZE) || expectedSize == 0 else { throw changed() }
    guard error == 0 else { throw MappedFile.failure(opening: path, error) }
  }

  private static func absolute(_ path: String) -> String {
    if path.isEmpty || path.utf8.first == UInt8(ascii: "/") { return path }
    var folder = InlineArray<4096, CChar>(repeating: 0)
    return withUnsafeMutableBytes(of: &folder) { buffer in
      let characters = buffer.assumingMemoryBound(to: CChar.self)
      guard let start = characters.baseAddress, gln_working_folder(start, characters.count) == 0 else { return path }
      let absolute = "\(PathText.text(of: UnsafePointer(start)))/\(path)"
      // The system takes no longer ones.
      return PathText.bytes(of: absolute).count < characters.count ? absolute : path
    }
  }

  deinit { gln_unmap_file(memory.baseAddress, memory.count) }

  override public func leave(_ ranges: [UnsafeRawBufferPointer]) {
    if !isStream { self.ranges = ranges }
  }

  override public func beginReading() throws(GoogLeNetError) {
    let process = gln_process()
    while true {
      var isMine = false
      var mayRead = false
      gln_lock_acquire()
      switch state {
      case .complete:
        readers += 1
        mayRead = true
      case .changing(process: process): break
      // What another process was about before a fork is for this one to do.
      case .incomplete, .changing:
        state = .changing(process: process)
        isMine = true
      }
      gln_lock_release()
      if mayRead { return }
      if isMine { try complete() } else { gln_nap() }
    }
  }

  override public func endReading() {
    var isLast = false
    gln_lock_acquire()
    readers -= 1
    if readers == 0, !ranges.isEmpty {
      state = .changing(process: gln_process())
      isLast = true
    }
    gln_lock_release()
    guard isLast else { return }
    for range in ranges { gln_drop_pages(range.baseAddress, range.count) }
    finish(.incomplete)
  }

  private func finish(_ state: State) {
    gln_lock_acquire()
    self.state = state
    gln_lock_release()
  }

  /// Reads what has left memory from the file again.
  private func complete() throws(GoogLeNetError) {
    do throws(GoogLeNetError) {
      let again = try CopiedFile(path: path, absolutePath: absolutePath, expectedSize: memory.count)
      try restore(from: again)
    } catch {
      finish(.incomplete)
      throw error
    }
    finish(.complete)
  }

  private func restore(from again: CopiedFile) throws(GoogLeNetError) {
    guard let target = memory.baseAddress, let source = again.memory.baseAddress, again.memory.count == memory.count,
      try isIntact(again)
    else { throw changed() }
    // All between the ranges is still here: the checksum of the rest is among it.
    var end = 0
    for range in ranges {
      guard let start = range.baseAddress else { continue }
      let first = start - UnsafeRawPointer(target)
      guard memory[end..<first].elementsEqual(again.memory[end..<first]) else { throw changed() }
      end = first + range.count
    }
    guard memory[end...].elementsEqual(again.memory[end...]) else { throw changed() }
    for range in ranges {
      guard let start = range.baseAddress else { continue }
      let first = start - UnsafeRawPointer(target)
      (target + first).copyMemory(from: source + first, byteCount: range.count)
    }
  }

  private func isIntact(_ file: CopiedFile) throws(GoogLeNetError) -> Bool {
    do throws(GoogLeNetError) {
      return try ModelFileLayout(file.bytes, source: "'\(PathText.visible(path))'", owner: file).isIntact
    } catch {
      // It was a model file before.
      guard error.status == .invalidModel else { throw error }
      return false
    }
  }

  private func changed() -> GoogLeNetError {
    GoogLeNetError(
      .ioError,
      "'\(PathText.visible(path))' is not what it was when the model was loaded, and its weights are needed again for "
        + "other settings: load the model anew")
  }
}
