import CPlatform
import GoogLeNet

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// Writes model files.
///
/// The header's fields come first, then the checksum, then padding so that the first byte of the weights, which come
/// last, is aligned to 64 bytes in the file. protobuf-c serializes the header; the tags and lengths of the two large
/// fields are written here, so that the tensors go from where they lie into the file without a copy.
public enum ModelWriter {
  /// Field numbers and wire types of googlenet.Model, as protobuf tags.
  private enum Tag {
    static let checksum: UInt64 = 14 << 3 | 1
    static let weights: UInt64 = 15 << 3 | 2
    static let padding: UInt64 = 16 << 3 | 2
  }

  private static let zeros = [UInt8](repeating: 0, count: ModelFileHeader.alignment)

  /// Writes to a temporary file in the same folder, which takes the name `path` once it is complete and on the disk.
  /// Where that fails, an older file at `path` stays as it is and nothing is left behind.
  /// - Throws: `ioError` that names the file and says why, `invalidModel` where a value does not fit the format.
  public static func write(_ network: Network, to path: String) throws(GoogLeNetError) {
    let header = try ModelFileHeader(network)
    var template = (path + ".XXXXXX").utf8CString.map { $0 }
    let descriptor = mkstemp(&template)
    guard descriptor >= 0 else { throw failure("create a file beside '\(path)'") }
    let temporary = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
    var isOpen = true
    do throws(GoogLeNetError) {
      var output = BufferedOutput(descriptor: descriptor, path: path)
      try emit(header) { (bytes) throws(GoogLeNetError) in try output.write(bytes) }
      try output.flush()
      // mkstemp makes files that only their owner may read; a model file gets the rights of any new file.
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
    withExtendedLifetime(network) {}
    // The name is on the disk once the folder is; a file system that cannot do that has still renamed.
    let folder = open(InputFile.folder(of: path), O_RDONLY | O_DIRECTORY)
    if folder >= 0 {
      fsync(folder)
      close(folder)
    }
  }

  /// The bytes of a model file.
  public static func serialize(_ network: Network) throws(GoogLeNetError) -> [UInt8] {
    let header = try ModelFileHeader(network)
    var file: [UInt8] = []
    file.reserveCapacity(header.bytes.count + header.weightsLength + 256)
    try emit(header) { (bytes) throws(GoogLeNetError) in file.append(contentsOf: bytes) }
    withExtendedLifetime(network) {}
    return file
  }

  /// Hands the bytes of the file, in order, to `sink`.
  private static func emit(
    _ header: ModelFileHeader, to sink: (UnsafeRawBufferPointer) throws(GoogLeNetError) -> Void
  ) throws(GoogLeNetError) {
    // Padding: a tag, a length of one byte, and what brings the weights to the next multiple of the alignment.
    let weightsTag = varint(Tag.weights) + varint(UInt64(header.weightsLength))
    let checksumSize = varint(Tag.checksum).count + 8
    let paddingTag = varint(Tag.padding)
    let unpadded = header.bytes.count + checksumSize + paddingTag.count + 1 + weightsTag.count
    let padding = ModelFileHeader.aligned(unpadded) - unpadded
    let beforeWeights = paddingTag + varint(UInt64(padding)) + zeros.prefix(padding) + weightsTag

    var hash = XXHash64()
    header.bytes.withUnsafeBytes { hash.update($0) }
    beforeWeights.withUnsafeBytes { hash.update($0) }
    try weights(of: header) { (bytes) throws(GoogLeNetError) in hash.update(bytes) }

    var start = header.bytes + varint(Tag.checksum)
    withUnsafeBytes(of: hash.digest.littleEndian) { start.append(contentsOf: $0) }
    start += beforeWeights
    try pass(start, to: sink)
    try weights(of: header, to: sink)
  }

  /// Hands the content of the weights field to `sink`.
  private static func weights(
    of header: ModelFileHeader, to sink: (UnsafeRawBufferPointer) throws(GoogLeNetError) -> Void
  ) throws(GoogLeNetError) {
    var written = 0
    for (offset, bytes) in header.tensors {
      if offset > written { try pass([UInt8](zeros.prefix(offset - written)), to: sink) }
      try sink(bytes)
      written = offset + bytes.count
    }
  }

  private static func pass(_ bytes: [UInt8], to sink: (UnsafeRawBufferPointer) throws(GoogLeNetError) -> Void)
    throws(GoogLeNetError)
  {
    try bytes.withRawBytes { (bytes) throws(GoogLeNetError) in try sink(bytes) }
  }

  private static func varint(_ value: UInt64) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(rest & 0x7F) | 0x80)
      rest >>= 7
    }
    return bytes + [UInt8(rest)]
  }

  private static func failure(_ what: String) -> GoogLeNetError {
    GoogLeNetError(.ioError, "cannot \(what): \(MappedFile.text(of: errno))")
  }
}
