import GoogLeNet

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// Files that appear under their name only once they are complete.
enum OutputFile {
  /// Writes to a temporary file in the same folder, which takes the name `path` once it is complete and on the disk.
  /// Where that fails, an older file at `path` stays as it is and nothing is left behind.
  /// - Parameter body: writes the content.
  /// - Throws: `ioError` that names the file and says why, and what `body` throws.
  static func write(to path: String, _ body: (inout BufferedOutput) throws(GoogLeNetError) -> Void)
    throws(GoogLeNetError)
  {
    var template = (path + ".XXXXXX").utf8CString.map { $0 }
    let descriptor = mkstemp(&template)
    guard descriptor >= 0 else { throw failure("create a file beside '\(path)'") }
    let temporary = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
    var isOpen = true
    do throws(GoogLeNetError) {
      var output = BufferedOutput(descriptor: descriptor, path: path)
      try body(&output)
      try output.flush()
      // mkstemp makes files that only their owner may read; this one gets the rights of any new file.
      let mask = umask(0)
      umask(mask)
      guard fchmod(descriptor, 0o666 & ~mask) == 0, fsync(descriptor) == 0 else { throw failure("write '\(path)'") }
      isOpen = false
      guard close(descriptor) == 0 else { throw failure("write '\(path)'") }
      guard rename(temporary, path) == 0 else { throw failure("rename the finished file to '\(path)'") }
    } catch {
      if isOpen { _ = close(descriptor) }
      unlink(temporary)
      throw error
    }
    // The name is on the disk once the folder is; a file system that cannot do that has still renamed.
    let folder = open(InputFile.folder(of: path), O_RDONLY | O_DIRECTORY)
    if folder >= 0 {
      fsync(folder)
      close(folder)
    }
  }

  private static func failure(_ what: String) -> GoogLeNetError {
    GoogLeNetError(.ioError, "cannot \(what): \(MappedFile.text(of: errno))")
  }
}
