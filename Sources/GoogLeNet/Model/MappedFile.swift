import CPlatform

/// A file mapped for reading, unmapped with the object.
public final class MappedFile: MemoryBlock {
  /// - Throws: `ioError` that names the file and says why, `outOfMemory`.
  public init(path: String) throws(GoogLeNetError) {
    var start: UnsafeRawPointer?
    var size = 0
    let error = path.withCString { gln_map_file($0, &start, &size) }
    // First: Embedded Swift frees the instance of an initializer that throws only where it is initialized.
    super.init(borrowing: UnsafeRawBufferPointer(start: start, count: size))
    guard error == 0 else { throw MappedFile.failure(opening: path, error) }
  }

  deinit { gln_unmap_file(bytes.baseAddress, bytes.count) }

  override public var canDropPages: Bool { true }

  override public func dropPages(of range: UnsafeRawBufferPointer) {
    gln_drop_pages(range.baseAddress, range.count)
  }

  /// The error of a file that could not be opened or read, by its `errno`.
  static func failure(opening path: String, _ error: Int32) -> GoogLeNetError {
    if error == Int32(GLN_NO_MEMORY) { return GoogLeNetError(.outOfMemory, "no memory to open '\(path)'") }
    return GoogLeNetError(.ioError, "cannot open '\(path)': \(text(of: error))")
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
