import CPlatform

/// A file mapped for reading, unmapped with the object.
public final class MappedFile: MemoryBlock {
  /// Whether it is a copy of what came through a pipe, a socket or a terminal.
  public let isStream: Bool

  /// - Parameters:
  ///   - path: as `PathText` has it.
  ///   - readingStreams: what cannot be mapped, a pipe, a socket or a terminal, is read to its end, at most 2 GiB;
  ///     refused otherwise.
  /// - Throws: `ioError` that names the file and says why, `outOfMemory`.
  public init(path: String, readingStreams: Bool = false) throws(GoogLeNetError) {
    var start: UnsafeRawPointer?
    var size = 0
    var stream: Int32 = readingStreams ? 1 : 0
    let error = PathText.withCString(path) { gln_map_file($0, &stream, &start, &size) }
    isStream = stream == 1
    // First: Embedded Swift frees the instance of an initializer that throws only where it is initialized.
    super.init(borrowing: UnsafeRawBufferPointer(start: start, count: size))
    guard error == 0 else { throw MappedFile.failure(opening: path, error) }
  }

  deinit { gln_unmap_file(bytes.baseAddress, bytes.count) }

  override public var canDropPages: Bool { !isStream }

  override public func dropPages(of range: UnsafeRawBufferPointer) {
    gln_drop_pages(range.baseAddress, range.count)
  }

  /// The error of a file that could not be opened or read, by its `errno`.
  static func failure(opening path: String, _ error: Int32) -> GoogLeNetError {
    let name = PathText.visible(path)
    switch error {
    case Int32(GLN_NO_MEMORY): return GoogLeNetError(.outOfMemory, "no memory to open '\(name)'")
    case Int32(GLN_NOT_A_FILE): return GoogLeNetError(.ioError, "cannot open '\(name)': not a regular file")
    case Int32(GLN_TOO_LONG): return GoogLeNetError(.ioError, "cannot read '\(name)': more than 2 GiB came out of it")
    default: return GoogLeNetError(.ioError, "cannot open '\(name)': \(text(of: error))")
    }
  }

  /// What an `errno` means.
  public static func text(of error: Int32) -> String {
    var text = InlineArray<128, CChar>(repeating: 0)
    return withUnsafeMutableBytes(of: &text) { buffer in
      let characters = buffer.assumingMemoryBound(to: CChar.self)
      gln_error_text(error, characters.baseAddress, characters.count)
      return String(cString: UnsafePointer(characters.baseAddress!))
    }
  }
}
