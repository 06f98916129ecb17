import GoogLeNet

/// The bytes of a file to convert, and how errors name it.
struct InputFile {
  let name: String
  /// Where files that it refers to lie; nil where it has no place in the file system.
  let folder: String?
  let bytes: UnsafeRawBufferPointer
  /// What the values may take that are made of it and of all files that it refers to.
  let budget: ValueBudget
  /// Whether links may lead out of the folder.
  let followsLinks: Bool

  /// No importer takes a larger file: it is also what protobuf allows.
  static let sizeLimit = 1 << 31

  /// - Parameter budget: that of the file that this one belongs to; nil for one of its own, in proportion to its bytes.
  init(
    name: String, folder: String?, bytes: UnsafeRawBufferPointer, budget: ValueBudget? = nil, followsLinks: Bool = false
  ) {
    self.name = name
    self.folder = folder
    self.bytes = bytes
    self.followsLinks = followsLinks
    if let budget {
      self.budget = budget
    } else {
      self.budget = ValueBudget(name: name)
      self.budget.count(bytes: bytes.count)
    }
  }

  /// Maps a file that the user names beside this one, and allows memory for its values.
  func companion(path: String) throws(GoogLeNetError) -> MappedFile {
    let mapped = try MappedFile(path: path, readingStreams: true)
    budget.count(mapped, path: path)
    return mapped
  }

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
