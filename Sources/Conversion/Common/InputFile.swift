import GoogLeNet

/// The bytes of a file to convert, and how errors name it.
struct InputFile {
  let name: String
  /// Where files that it refers to lie; nil where it has no place in the file system.
  let folder: String?
  let bytes: UnsafeRawBufferPointer

  /// No importer takes a larger file: it is also what protobuf allows.
  static let sizeLimit = 1 << 31

  /// How many bytes may be unpacked from the file altogether: packed weights hardly shrink, but zeros can to nothing.
  var unpackedLimit: Int { (64 << 20) + 8 * min(bytes.count, InputFile.sizeLimit) }

  func invalid(_ what: String) -> GoogLeNetError { GoogLeNetError(.invalidModel, "'\(name)': \(what)") }

  func unsupported(_ what: String) -> GoogLeNetError { GoogLeNetError(.unsupported, "'\(name)': \(what)") }

  func starts(with prefix: [UInt8], at offset: Int = 0) -> Bool {
    guard bytes.count - offset >= prefix.count else { return false }
    for (index, byte) in prefix.enumerated() where bytes[offset + index] != byte { return false }
    return true
  }

  func starts(with prefix: StaticString, at offset: Int = 0) -> Bool {
    starts(with: prefix.withUTF8Buffer { [UInt8]($0) }, at: offset)
  }

  /// The part of a path before its last slash.
  static func folder(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return slash == path.utf8.startIndex ? "/" : String(path[..<slash])
  }
}
