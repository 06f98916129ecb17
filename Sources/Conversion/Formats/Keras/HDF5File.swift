import CHDF5Reader
import GoogLeNet

/// The arrays and texts of an HDF5 file that Keras wrote, by their paths, which begin without a slash.
final class HDF5File {
  struct Dataset {
    let dims: [Int]
    /// Little-endian float32, outermost dimension first; nil where the file holds other than floating-point numbers.
    fileprivate let bytes: UnsafeRawBufferPointer?
  }

  private let file: InputFile
  private var contents = gln_hdf5_contents()
  private let charge: ValueCharge
  private(set) var datasets: [String: Dataset] = [:]
  /// Text attributes by "<object>@<attribute>".
  private(set) var texts: [String: String] = [:]
  /// Attributes of other types.
  private(set) var marks: Set<String> = []

  /// What libhdf5 may take besides the arrays themselves.
  private static let memoryLimit = 256 << 20
  /// Damaged files can make it loop for ever. Fuzzing, which finds many of them, sets a shorter time.
  nonisolated(unsafe) static var millisecondsLimit: UInt32 = 8000

  /// - Parameters:
  ///   - bytes: the HDF5 file: all of `file`, or an entry of it.
  ///   - milliseconds: of processor time that libhdf5 may take.
  init(_ bytes: UnsafeRawBufferPointer, _ file: InputFile, milliseconds: UInt32 = millisecondsLimit)
    throws(GoogLeNetError)
  {
    self.file = file
    charge = try file.budget.charge(0)
    var limits = gln_hdf5_limits(
      contents: file.budget.left, memory: HDF5File.memoryLimit, milliseconds: milliseconds)
    var text = [CChar](repeating: 0, count: Int(GLN_HDF5_MESSAGE_SIZE))
    let status = gln_hdf5_read(
      bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count, &limits, &contents, &text)
    let message = text.withUnsafeBytes { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    switch status {
    case GLN_HDF5_OK:
      try charge.add(contents.size)
      try list(UnsafeRawBufferPointer(start: contents.entries, count: contents.size))
    case GLN_HDF5_NO_ROOM: throw file.budget.refusal(beyond: limits.contents + 1)
    case GLN_HDF5_DAMAGED: throw file.invalid("its HDF5 data is damaged: \(message)")
    case GLN_HDF5_NO_PROCESS: throw GoogLeNetError(.outOfMemory, "'\(file.name)': \(message)")
    case GLN_HDF5_NO_LIBRARY: throw file.unsupported("it holds HDF5 data: \(message)")
    default: throw file.unsupported("its HDF5 data is not read: \(message)")
    }
  }

  /// What the reading process left.
  init(entries: UnsafeRawBufferPointer, _ file: InputFile) throws(GoogLeNetError) {
    self.file = file
    charge = try file.budget.charge(0)
    try list(entries)
  }

  deinit { gln_hdf5_free(&contents) }

  /// The entries that the reading process left, which are checked as any other data is.
  private func list(_ bytes: UnsafeRawBufferPointer) throws(GoogLeNetError) {
    let headSize = MemoryLayout<gln_hdf5_entry>.size
    var cursor = 0
    while cursor < bytes.count {
      guard bytes.count - cursor >= headSize else { throw file.invalid("its HDF5 data is damaged") }
      let entry = bytes.loadUnaligned(fromByteOffset: cursor, as: gln_hdf5_entry.self)
      cursor += headSize
      let path = try take(entry.path_length, bytes, &cursor)
      let value = try take(entry.value_length, bytes, &cursor)
      // The name is a key, and may be a part of a text's.
      try charge.add(path.count + 128)
      let name = String(decoding: path, as: UTF8.self)
      switch gln_hdf5_kind(entry.kind) {
      case GLN_HDF5_TEXT:
        try charge.add(value.count)
        texts[name] = String(decoding: value, as: UTF8.self)
      case GLN_HDF5_MARK: marks.insert(name)
      default:
        let sizes = withUnsafeBytes(of: entry.dims) { [UInt64]($0.bindMemory(to: UInt64.self)) }
        let dims = sizes.prefix(Int(entry.rank)).map { Int(clamping: $0) }
        let isFloat = gln_hdf5_kind(entry.kind) == GLN_HDF5_FLOATS
        datasets[name] = Dataset(dims: dims, bytes: isFloat ? value : nil)
      }
    }
  }

  private func take(_ length: UInt64, _ bytes: UnsafeRawBufferPointer, _ cursor: inout Int) throws(GoogLeNetError)
    -> UnsafeRawBufferPointer
  {
    guard length <= UInt64(bytes.count - cursor) else { throw file.invalid("its HDF5 data is damaged") }
    let start = cursor
    cursor = min(bytes.count, (start + Int(length) + 7) & ~7)
    return UnsafeRawBufferPointer(rebasing: bytes[start..<start + Int(length)])
  }

  /// The values of a dataset as a tensor of its own dimensions.
  func tensor(_ path: String) throws(GoogLeNetError) -> Tensor {
    guard let dataset = datasets[path] else { throw file.invalid("its dataset '\(path)' is missing") }
    guard let bytes = dataset.bytes else {
      throw file.unsupported("its dataset '\(path)' does not hold floating-point numbers: floats are needed")
    }
    return try Tensor(dims: dataset.dims, count: bytes.count / 4, file.budget) { values in
      for index in values.indices {
        values[index] = Float(
          bitPattern: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self)))
      }
    }
  }
}
