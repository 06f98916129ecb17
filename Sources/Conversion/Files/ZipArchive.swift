import CForeignFormats
import GoogLeNet

/// A zip archive in memory, read through libzip.
final class ZipArchive {
  private let archive: OpaquePointer
  private let file: InputFile
  private(set) var names: [String] = []
  /// The first of each name.
  private var indices: [String: Int] = [:]

  private static let entryLimit: zip_int64_t = 100_000

  /// The bytes of `file` must stay as long as the archive.
  init(_ file: InputFile) throws(GoogLeNetError) {
    self.file = file
    var error = zip_error_t()
    zip_error_init(&error)
    defer { zip_error_fini(&error) }
    guard
      let source = zip_source_buffer_create(file.bytes.baseAddress, zip_uint64_t(file.bytes.count), 0, &error)
    else { throw GoogLeNetError(.outOfMemory, "'\(file.name)': no memory for a zip reader") }
    guard let archive = zip_open_from_source(source, ZIP_RDONLY, &error) else {
      let reason = ZipArchive.text(&error)
      zip_source_free(source)
      throw file.invalid("it begins like a zip archive but cannot be read as one (\(reason)): truncated?")
    }
    self.archive = archive
    let count = zip_get_num_entries(archive, 0)
    guard 0...ZipArchive.entryLimit ~= count else {
      zip_discard(archive)
      throw file.unsupported("it is a zip archive of \(count) entries: at most \(ZipArchive.entryLimit) are read")
    }
    for index in 0..<zip_uint64_t(count) {
      let name = zip_get_name(archive, index, zip_flags_t(ZIP_FL_ENC_RAW)).map { String(cString: $0) } ?? ""
      if indices[name] == nil { indices[name] = names.count }
      names.append(name)
    }
  }

  deinit { zip_discard(archive) }

  /// The content of an entry, unpacked. libzip checks its CRC.
  /// - Parameter limit: the largest size that makes sense.
  func read(_ name: String, limit: Int) throws(GoogLeNetError) -> HeapBlock {
    var status = zip_stat_t()
    zip_stat_init(&status)
    guard let index = indices[name], zip_stat_index(archive, zip_uint64_t(index), 0, &status) == 0,
      status.valid & zip_uint64_t(ZIP_STAT_SIZE) != 0
    else { throw file.invalid("its zip archive has no entry '\(name)'") }
    guard status.size <= UInt64(limit) else {
      throw file.unsupported("entry '\(name)' unpacks to \(status.size) bytes: at most \(limit) are read")
    }
    let size = Int(status.size)
    // For good: entries may share their bytes in the archive, and unpacking all of them takes time.
    try file.budget.take(size)
    guard let block = HeapBlock(byteCount: size) else {
      throw GoogLeNetError(.outOfMemory, "'\(file.name)': no memory for the \(size) bytes of entry '\(name)'")
    }
    guard let entry = zip_fopen_index(archive, zip_uint64_t(index), 0) else {
      throw file.invalid("entry '\(name)' cannot be read: \(ZipArchive.text(zip_get_error(archive)))")
    }
    defer { zip_fclose(entry) }
    var filled = 0
    while filled < size {
      let count = zip_fread(entry, block.mutableBytes.baseAddress?.advanced(by: filled), zip_uint64_t(size - filled))
      guard count > 0 else {
        throw file.invalid(
          "entry '\(name)' is broken after \(filled) of \(size) bytes: \(ZipArchive.text(zip_file_get_error(entry)))")
      }
      filled += Int(count)
    }
    // The checksum is compared only when the end is reached.
    var beyond: UInt8 = 0
    guard zip_fread(entry, &beyond, 1) == 0 else {
      throw file.invalid("entry '\(name)' is broken: \(ZipArchive.text(zip_file_get_error(entry)))")
    }
    return block
  }

  private static func text(_ error: UnsafeMutablePointer<zip_error_t>?) -> String {
    zip_error_strerror(error).map { String(cString: $0) } ?? "unknown"
  }
}
