/// The outermost structure of a model file: where its checksum, its weights and everything else lie.
struct ModelFileLayout {
  /// Field numbers of googlenet.Model, from googlenet.proto.
  enum Field {
    static let formatMajor: UInt64 = 1
    static let name: UInt64 = 3
    static let producer: UInt64 = 4
    static let preprocessing: UInt64 = 5
    static let label: UInt64 = 6
    static let layer: UInt64 = 7
    static let inputName: UInt64 = 8
    static let checksum: UInt64 = 14
    static let weights: UInt64 = 15
    static let padding: UInt64 = 16
    static let metadata: UInt64 = 18
  }

  private(set) var formatMajor: UInt64?
  private(set) var checksum: UInt64?
  private(set) var weights = UnsafeRawBufferPointer(start: nil, count: 0)
  private(set) var labelCount = 0
  private(set) var layerCount = 0
  private(set) var metadataCount = 0
  /// Outside of weights, padding and checksum.
  private(set) var headerBytes = 0
  /// XXH64 of all fields but the checksum.
  let digest: UInt64
  /// Whether there is a checksum, and the right one.
  var isIntact: Bool { checksum == digest }

  /// The whole file as a message.
  static func message(_ bytes: UnsafeRawBufferPointer, source: String) -> ProtobufMessage {
    ProtobufMessage(
      bytes, refusal: ModelMagic.begins(bytes) ? damaged(source) : "\(source) is not a valid model file")
  }

  /// How errors of what is certainly a model file begin.
  static func damaged(_ source: String) -> String { "\(source) is a damaged googlenet model file" }

  /// - Throws: `invalidModel` where the bytes are not a sequence of protobuf fields.
  init(_ bytes: UnsafeRawBufferPointer, source: String, owner: MemoryBlock) throws(GoogLeNetError) {
    var fields = ModelFileLayout.message(bytes, source: source)
    var checksumField = bytes.count..<bytes.count
    var weightsSeen = false
    while let field = try fields.next() {
      switch field.number {
      case Field.formatMajor: formatMajor = try fields.number(field)
      case Field.label: labelCount += 1
      case Field.layer: layerCount += 1
      case Field.metadata: metadataCount += 1
      case ModelMagic.field:
        guard try fields.fixed64(field) == ModelMagic.value else {
          throw fields.malformed("the magic number at byte \(field.start) does not read GLNMODEL")
        }
      case Field.checksum:
        guard checksum == nil else { throw fields.malformed("a second checksum at byte \(field.start)") }
        checksum = try fields.fixed64(field)
        checksumField = field.start..<fields.cursor
      case Field.weights:
        guard !weightsSeen else { throw fields.malformed("a second weights field at byte \(field.start)") }
        weights = try fields.content(field)
        weightsSeen = true
      default: break
      }
      if field.number != Field.weights, field.number != Field.padding, field.number != Field.checksum {
        headerBytes += fields.cursor - field.start
      }
    }
    var hash = XXHash64()
    ModelFileLayout.update(&hash, UnsafeRawBufferPointer(rebasing: bytes[..<checksumField.lowerBound]), owner)
    ModelFileLayout.update(&hash, UnsafeRawBufferPointer(rebasing: bytes[checksumField.upperBound...]), owner)
    digest = hash.digest
  }

  /// In pieces, so that hashing a large file leaves few of its pages in memory.
  private static func update(_ hash: inout XXHash64, _ bytes: UnsafeRawBufferPointer, _ owner: MemoryBlock) {
    var start = 0
    while start < bytes.count {
      let end = min(start + (1 << 20), bytes.count)
      let piece = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
      hash.update(piece)
      owner.dropPages(of: piece)
      start = end
    }
  }
}
