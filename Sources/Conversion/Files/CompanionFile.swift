import GoogLeNet

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// Files that a trained file refers to.
enum CompanionFile {
  /// Maps the file that a trained file says lies at `location` of its folder, and allows memory for its values.
  ///
  /// The path that leads to the open file must lie beneath the folder: links in a download could have any other file's
  /// content converted, too.
  /// - Parameter what: how errors call what is read from it, as "tensor 'w'".
  static func map(_ location: String, of file: InputFile, _ what: String) throws(GoogLeNetError) -> MappedFile {
    guard let folder = file.folder else {
      throw file.unsupported("\(what) lies in the file '\(location)', which cannot be reached from memory")
    }
    let parts = location.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    guard !location.isEmpty, location.utf8.first != UInt8(ascii: "/"), !location.utf8.contains(0),
      !parts.contains(where: { $0.elementsEqual("..".utf8) })
    else {
      throw file.invalid("\(what) lies in '\(location)': only files beneath the model's own folder are read")
    }
    let path = "\(folder)/\(location)"
    // What is no regular file must not make this wait.
    let descriptor = PathText.withCString(path) { open($0, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) }
    guard descriptor >= 0 else { throw failure(file, what, "cannot open '\(path)'", errno) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw failure(file, what, "cannot open '\(path)'", errno) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      let kind = status.st_mode & S_IFMT == S_IFDIR ? "a folder" : "not a regular file"
      throw GoogLeNetError(.ioError, "'\(file.name)': \(what) lies in '\(path)', which is \(kind)")
    }
    if !file.followsLinks { try check(descriptor, beneath: folder, path, file, what) }
    if let stored = StoredFile(descriptor: descriptor) { file.budget.count(stored) }
    do {
      // The open file itself, whatever the path leads to by now.
      return try MappedFile(path: openFile(descriptor))
    } catch {
      throw GoogLeNetError(error.status, "'\(file.name)': \(what): \(error.message)")
    }
  }

  /// - Throws: where an open file does not lie beneath a folder.
  private static func check(
    _ descriptor: Int32, beneath folder: String, _ path: String, _ file: InputFile, _ what: String
  ) throws(GoogLeNetError) {
    guard let root = PathText.withCString(folder, { realpath($0, nil) }) else {
      throw failure(file, what, "cannot resolve '\(folder)'", errno)
    }
    defer { free(root) }
    var place = [UInt8](repeating: 0, count: Int(PATH_MAX) + 1)
    let length = place.withUnsafeMutableBytes { bytes in
      bytes.baseAddress.map { readlink(openFile(descriptor), $0.assumingMemoryBound(to: CChar.self), bytes.count) }
        ?? -1
    }
    guard 0..<place.count ~= length else { throw failure(file, what, "cannot tell where '\(path)' lies", errno) }
    var start = [UInt8](UnsafeRawBufferPointer(start: root, count: strlen(root)))
    if start.last != UInt8(ascii: "/") { start.append(UInt8(ascii: "/")) }
    guard place.prefix(length).starts(with: start) else {
      throw file.invalid(
        "\(what) lies in '\(path)', which is '\(String(decoding: place.prefix(length), as: UTF8.self))', outside of "
          + "the model's own folder: only --follow-links reads what links lead to, as in caches that are made of them")
    }
  }

  private static func openFile(_ descriptor: Int32) -> String { "/proc/self/fd/\(descriptor)" }

  private static func failure(_ file: InputFile, _ what: String, _ action: String, _ error: Int32) -> GoogLeNetError {
    GoogLeNetError(.ioError, "'\(file.name)': \(what): \(action): \(MappedFile.text(of: error))")
  }
}
