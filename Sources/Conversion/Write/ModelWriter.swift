import GoogLeNet

/// Writes model files.
///
/// The magic number and the header's fields come first, then the checksum, then padding so that the first byte of the weights, which come
/// last, is aligned to 64 bytes in the file. The tensors go from where they lie into the file without a copy.
public enum ModelWriter {
  /// Field numbers of googlenet.Model.
  private enum Field {
    static let checksum: UInt64 = 14
    static let weights: UInt64 = 15
    static let padding: UInt64 = 16
  }

  private static let zeros = [UInt8](repeating: 0, count: ModelFileHeader.alignment)

  /// - Returns: the size of the file.
  /// - Throws: `ioError` that names the file and says why, `invalidModel` where a value does not fit the format.
  @discardableResult
  public static func write(_ network: Network, to file: OutputFile) throws(GoogLeNetError) -> Int {
    let header = try ModelFileHeader(network)
    let count = try file.write { (output) throws(GoogLeNetError) in
      try emit(header) { (bytes) throws(GoogLeNetError) in try output.write(bytes) }
    }
    withExtendedLifetime(network) {}
    return count
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
    let weightsTag = ProtobufEncoding.prefix(Field.weights, length: header.weightsLength)
    let checksumTag = ProtobufEncoding.tag(Field.checksum, .fixed64)
    let emptyPadding = ProtobufEncoding.prefix(Field.padding, length: 0)
    let unpadded = header.bytes.count + checksumTag.count + 8 + emptyPadding.count + weightsTag.count
    let padding = ModelFileHeader.aligned(unpadded) - unpadded
    let beforeWeights =
      ProtobufEncoding.prefix(Field.padding, length: padding) + zeros.prefix(padding) + weightsTag

    var hash = XXHash64()
    header.bytes.withUnsafeBytes { hash.update($0) }
    beforeWeights.withUnsafeBytes { hash.update($0) }
    try weights(of: header) { (bytes) throws(GoogLeNetError) in hash.update(bytes) }

    var start = header.bytes + checksumTag
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
}
