import CTemporaryFiles
import GoogLeNet

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// A file to be written, which appears under its name only once it is complete and on the disk. Where that fails, an
/// older file stays as it is and nothing is left behind.
///
/// A new file gets the rights of any new file, one that takes an older one's place the rights and, where that is
/// allowed, the owner of that. Symbolic links stay, and what they lead to is written. What is no file but a pipe or a
/// device is written to as it is.
public struct OutputFile {
  /// Where a path leads.
  private enum Place {
    /// To a file, or to nothing yet; the status is that of the file.
    case file(path: String, older: stat?)
    /// To what is opened and written to.
    case stream(path: String)
    /// To a descriptor of this process.
    case descriptor(Int32)
  }

  private let path: String
  private let inputs: [String]
  /// Files that were found to belong to the inputs.
  private var companions: Set<StoredFile.Identity> = []

  /// - Parameters:
  ///   - path: as `PathText` has it.
  ///   - inputs: what is written is made from these files, of which it must not take the place.
  /// - Throws: `ioError` that names the file and says why it cannot be written, `invalidArgument` where it is one of
  ///   the inputs.
  public init(_ path: String, madeFrom inputs: [String] = []) throws(GoogLeNetError) {
    self.path = path
    self.inputs = inputs
    // Told before long work, and found anew after it.
    if case .file(let path, _) = try place() {
      guard access(InputFile.folder(of: path), W_OK | X_OK) else { throw failure("create a file beside it") }
    }
  }

  /// Also refuses to take the place of the files that a conversion read besides those that it was told.
  public mutating func refuse(replacing result: ConversionResult) { companions.formUnion(result.files) }

  /// Whether it goes to standard output.
  public var isStandardOutput: Bool {
    guard let place = try? place(), case .descriptor(STDOUT_FILENO) = place else { return false }
    return true
  }

  /// - Parameter body: writes the content.
  /// - Returns: how many bytes were written.
  /// - Throws: `ioError` that names the file and says why, and what `body` throws.
  func write(_ body: (inout BufferedOutput) throws(GoogLeNetError) -> Void) throws(GoogLeNetError) -> Int {
    switch try place() {
    case .file(let path, let older): return try replace(path, older, body)
    case .descriptor(let descriptor): return try send(to: descriptor, body)
    case .stream(let path):
      let descriptor = uninterrupted { PathText.withCString(path) { open($0, O_WRONLY | O_NOCTTY | O_CLOEXEC) } }
      guard descriptor >= 0 else { throw failure("open it") }
      let count: Int
      do throws(GoogLeNetError) { count = try send(to: descriptor, body) } catch {
        _ = close(descriptor)
        throw error
      }
      guard closed(descriptor) else { throw failure("write it") }
      return count
    }
  }

  private func send(to descriptor: Int32, _ body: (inout BufferedOutput) throws(GoogLeNetError) -> Void)
    throws(GoogLeNetError) -> Int
  {
    var output = BufferedOutput(descriptor: descriptor, name: "'\(path)'")
    try body(&output)
    try output.flush()
    return output.sent
  }

  private func replace(
    _ path: String, _ older: stat?, _ body: (inout BufferedOutput) throws(GoogLeNetError) -> Void
  ) throws(GoogLeNetError) -> Int {
    let folder = InputFile.folder(of: path)
    var temporary = [CChar](repeating: 0, count: Int(PATH_MAX))
    let mode = older.map { $0.st_mode & 0o777 } ?? 0o666
    let descriptor = PathText.withCString(folder) {
      gln_temporary_create($0, mode, &temporary, temporary.count)
    }
    guard descriptor >= 0 else { throw failure("create a file beside it") }
    var isOpen = true
    defer { gln_temporary_forget(temporary) }
    let count: Int
    do throws(GoogLeNetError) {
      count = try send(to: descriptor, body)
      if let older {
        // Who owns it is for those to keep who may.
        if fchown(descriptor, older.st_uid, older.st_gid) != 0 { _ = fchown(descriptor, uid_t.max, older.st_gid) }
        guard uninterrupted({ fchmod(descriptor, mode) }) == 0 else { throw failure("write it") }
      }
      guard uninterrupted({ fsync(descriptor) }) == 0 else { throw failure("write it") }
      isOpen = false
      guard closed(descriptor) else { throw failure("write it") }
      guard uninterrupted({ PathText.withCString(path) { rename(temporary, $0) } }) == 0 else {
        throw failure("give the finished file its name")
      }
    } catch {
      if isOpen { _ = close(descriptor) }
      unlink(temporary)
      throw error
    }
    // The name is on the disk once the folder is; a file system that cannot do that has still renamed.
    let parent = PathText.withCString(folder) { open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
    if parent >= 0 {
      fsync(parent)
      close(parent)
    }
    return count
  }

  // MARK: Where a path leads

  private func place() throws(GoogLeNetError) -> Place {
    if path == "/dev/stdout" { return try standardOutput() }
    let target = try resolved()
    if let descriptor = OutputFile.descriptor(target) {
      if descriptor == STDOUT_FILENO { return try standardOutput() }
      try refuseInputs(behind: descriptor)
      return .descriptor(descriptor)
    }
    if target.utf8.last == UInt8(ascii: "/") || target.isEmpty { throw refusal("a file's name is needed") }
    var status = stat()
    guard PathText.withCString(target, { stat($0, &status) }) == 0 else {
      guard errno == ENOENT else { throw failure("open it") }
      return .file(path: target, older: nil)
    }
    switch status.st_mode & S_IFMT {
    case S_IFREG:
      try refuseInputs(status)
      guard access(target, W_OK) else { throw failure("replace it") }
      return .file(path: target, older: status)
    case S_IFIFO, S_IFCHR: return .stream(path: target)
    case S_IFDIR: throw refusal("it is a folder: a file's name is needed")
    default: throw refusal("it is neither a file, nor a pipe or a device for characters")
    }
  }

  private func standardOutput() throws(GoogLeNetError) -> Place {
    guard isatty(STDOUT_FILENO) == 0 else {
      throw refusal("standard output is a terminal: name a file, or lead it into one")
    }
    try refuseInputs(behind: STDOUT_FILENO)
    return .descriptor(STDOUT_FILENO)
  }

  private func refuseInputs(behind descriptor: Int32) throws(GoogLeNetError) {
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return }
    try refuseInputs(status)
  }

  /// The path without the symbolic links at its end. Where they lead need not be there yet.
  private func resolved() throws(GoogLeNetError) -> String {
    var current = path
    // As many as Linux follows.
    for _ in 0..<40 {
      var target = [CChar](repeating: 0, count: Int(PATH_MAX))
      let count = PathText.withCString(current) { readlink($0, &target, target.count) }
      guard count >= 0, OutputFile.descriptor(current) == nil else { return current }
      let text = PathText.text(of: target.prefix(count).map { UInt8(bitPattern: $0) })
      current = text.utf8.first == UInt8(ascii: "/") ? text : "\(InputFile.folder(of: current))/\(text)"
    }
    throw refusal("it leads through too many symbolic links")
  }

  /// The descriptor of this process that a path such as /dev/fd/3 stands for.
  private static func descriptor(_ path: String) -> Int32? {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")), let number = Int32(path[slash...].dropFirst()),
      let folder = PathText.withCString(InputFile.folder(of: path), { realpath($0, nil) })
    else { return nil }
    defer { free(folder) }
    return String(cString: folder) == "/proc/\(getpid())/fd" ? number : nil
  }

  private func refuseInputs(_ output: stat) throws(GoogLeNetError) {
    for input in inputs {
      var status = stat()
      guard PathText.withCString(input, { stat($0, &status) }) == 0, status.st_dev == output.st_dev,
        status.st_ino == output.st_ino
      else { continue }
      throw GoogLeNetError(
        .invalidArgument,
        "'\(path)': it would replace \(input == path ? "a file" : "'\(input)', a file") that it is made from: "
          + "choose another --output"
      )
    }
    guard !companions.contains(StoredFile.Identity(output)) else {
      throw GoogLeNetError(
        .invalidArgument,
        "'\(path)': it would replace a file that the trained file refers to: choose another --output")
    }
  }

  // MARK: The system

  private func access(_ path: String, _ mode: Int32) -> Bool {
    PathText.withCString(path) { faccessat(AT_FDCWD, $0, mode, AT_EACCESS) } == 0
  }

  private func uninterrupted(_ call: () -> Int32) -> Int32 {
    while true {
      let result = call()
      if result >= 0 || errno != EINTR { return result }
    }
  }

  /// Linux has closed a descriptor also where it tells of a signal.
  private func closed(_ descriptor: Int32) -> Bool { close(descriptor) == 0 || errno == EINTR }

  private func failure(_ what: String) -> GoogLeNetError {
    GoogLeNetError(.ioError, "cannot write '\(path)': cannot \(what): \(MappedFile.text(of: errno))")
  }

  private func refusal(_ why: String) -> GoogLeNetError {
    GoogLeNetError(.ioError, "cannot write '\(path)': \(why)")
  }
}
