import GoogLeNet

/// What a file is, told by its content.
enum FileKind: Equatable {
  case caffe
  case onnx
  case zip
  case safetensors
  case hdf5
  case tensorFlowGraph
  case savedModel
  case tfLite
  /// Something that cannot be converted: what it is, and what would help.
  case foreign(String)

  init(_ file: InputFile) {
    let bytes = file.bytes
    if let what = FileKind.magic(file) {
      self = what
      return
    }
    if FileKind.isSafetensors(file) {
      self = .safetensors
      return
    }
    let message = ProtobufMessage(bytes, refusal: "'\(file.name)': it is not a protobuf message")
    if FileKind.isTensorFlowGraph(message) {
      self = .tensorFlowGraph
      return
    }
    let (fields, isIntact) = FileKind.fields(of: message, limit: 100_000)
    func contains(_ number: UInt64, _ type: ProtobufMessage.WireType) -> Bool {
      FileKind.contains(fields, number, type)
    }
    let startsWithNumber = fields.first.map { $0.number == 1 && $0.type == .varint } ?? false
    if startsWithNumber, contains(14, .fixed64) || contains(15, .content) {
      self = .foreign("a GoogLeNet model file already: it needs no conversion")
    } else if startsWithNumber, contains(7, .content) || contains(8, .content) {
      self = .onnx
    } else if contains(100, .content) || contains(2, .content), !startsWithNumber,
      fields.count(where: { $0.number == 1 }) <= 1
    {
      self = .caffe
    } else if startsWithNumber, contains(2, .content) {
      self = .savedModel
    } else if startsWithNumber, !isIntact {
      self = .onnx
    } else if !isIntact, let first = fields.first, first.type == .content, [1, 2, 100].contains(first.number) {
      self = .caffe
    } else if FileKind.isText(bytes) {
      self = FileKind.text(bytes)
    } else {
      self = .foreign("of an unknown format")
    }
  }

  private static func magic(_ file: InputFile) -> FileKind? {
    if file.bytes.isEmpty { return .foreign("empty") }
    if ModelMagic.begins(file.bytes) { return model(file) }
    if file.starts(with: "TFL3", at: 4) { return .tfLite }
    if file.starts(with: [0x50, 0x4B, 0x03, 0x04]) || file.starts(with: [0x50, 0x4B, 0x05, 0x06]) { return .zip }
    if file.starts(with: [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]) { return .hdf5 }
    let known: [(offset: Int, magic: [UInt8], what: String)] = [
      (0, [0x1F, 0x8B], "a gzip archive: unpack it first"),
      (0, [0xFD, 0x37, 0x7A, 0x58, 0x5A], "an xz archive: unpack it first"),
      (0, [0x28, 0xB5, 0x2F, 0xFD], "a Zstandard archive: unpack it first"),
      (257, [UInt8]("ustar".utf8), "a tar archive: unpack it first"),
      (0, [UInt8]("\u{7F}ELF".utf8), "an ELF program or library"),
      (0, [0x89, 0x50, 0x4E, 0x47], "a PNG picture"),
      (0, [0xFF, 0xD8, 0xFF], "a JPEG picture"),
      (0, [UInt8]("GGUF".utf8), "a GGUF file"),
      (0, [0x93] + [UInt8]("NUMPY".utf8), "a NumPy array"),
      (0, [UInt8]("version https://git-lfs".utf8), "a Git LFS pointer, not the file itself: run 'git lfs pull'"),
    ]
    for (offset, magic, what) in known where file.starts(with: magic, at: offset) { return .foreign(what) }
    if file.bytes.count > 2, file.bytes[0] == 0x80, 2...5 ~= file.bytes[1] {
      return pickle(file)
    }
    return nil
  }

  /// Of what begins as model files do.
  private static func model(_ file: InputFile) -> FileKind {
    do throws(GoogLeNetError) {
      _ = try Model(memory: MemoryBlock(borrowing: file.bytes))
    } catch {
      // Others are intact, and too new.
      if error.status == .invalidModel {
        return .foreign("a damaged GoogLeNet model file: copy it again, or convert the trained file anew")
      }
    }
    return .foreign("a GoogLeNet model file already: it needs no conversion")
  }

  /// A pickle begins with its protocol; so may a protobuf message in theory, but none that is converted here does.
  private static func pickle(_ file: InputFile) -> FileKind {
    // The magic number with which torch.save's old form begins, pickled as a long of ten bytes.
    let old: [UInt8] = [0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19]
    return .foreign(
      file.starts(with: old, at: 2)
        ? "a Python pickle of the old non-zip torch.save form: load it with PyTorch 1.6 or newer and save it again"
        : "a Python pickle, not a PyTorch zip archive: save the state dict with torch.save")
  }

  private static func isSafetensors(_ file: InputFile) -> Bool {
    guard file.bytes.count >= 10, file.bytes[8] == UInt8(ascii: "{") else { return false }
    let length = UInt64(littleEndian: file.bytes.loadUnaligned(as: UInt64.self))
    return length >= 2 && length <= 1 << 40
  }

  /// Whether the first field is a node with a name and an operation. A caffemodel begins with its name, an ONNX model
  /// with a number.
  private static func isTensorFlowGraph(_ message: ProtobufMessage) -> Bool {
    guard let first = fields(of: message, limit: 1).fields.first, first.number == 1,
      let node = try? message.message(first)
    else { return false }
    let (fields, isIntact) = fields(of: node, limit: 1000)
    return isIntact && fields.first?.number == 1 && contains(fields, 1, .content) && contains(fields, 2, .content)
  }

  /// The first fields of a message, and whether nothing broken stands among them.
  private static func fields(
    of message: ProtobufMessage, limit: Int
  ) -> (fields: [ProtobufMessage.Field], isIntact: Bool) {
    var message = message
    var fields: [ProtobufMessage.Field] = []
    do {
      while fields.count < limit, let field = try message.next() { fields.append(field) }
      return (fields, true)
    } catch {
      return (fields, false)
    }
  }

  private static func contains(
    _ fields: [ProtobufMessage.Field], _ number: UInt64, _ type: ProtobufMessage.WireType
  ) -> Bool {
    fields.contains { $0.number == number && $0.type == type }
  }

  private static func isText(_ bytes: UnsafeRawBufferPointer) -> Bool {
    let start = bytes.prefix(512)
    guard start.allSatisfy({ $0 >= 0x20 || $0 == 0x09 || $0 == 0x0A || $0 == 0x0D }) else { return false }
    // The cut may go through a character of up to four bytes.
    return (0..<4).contains { String(validating: start.dropLast($0), as: UTF8.self) != nil && $0 < start.count }
  }

  private static func text(_ bytes: UnsafeRawBufferPointer) -> FileKind {
    let start = String(decoding: bytes.prefix(512), as: UTF8.self)
    let trimmed = start.drop { $0.isWhitespace }
    if trimmed.hasPrefix("<") { return .foreign("an HTML or XML page: was the download refused?") }
    if trimmed.hasPrefix("{") || trimmed.hasPrefix("[") { return .foreign("a JSON text") }
    for word in ["name:", "layer", "input:", "input_dim"] where trimmed.hasPrefix(word) {
      return .foreign(
        "a Caffe prototxt, which has no weights: convert the .caffemodel, with the prototxt as --prototxt if need be")
    }
    return .foreign("a text file")
  }
}
