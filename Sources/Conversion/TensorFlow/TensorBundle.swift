import CForeignFormats
import GoogLeNet

/// The variables of a SavedModel: a table that says where each lies, and the files with their values.
final class TensorBundle {
  private let model: InputFile
  private let folder: String
  private let index: MappedFile
  private let table: SortedTable
  private let shardCount: Int
  private var shards: [Int: MappedFile] = [:]

  /// - Parameter model: the SavedModel's file; the variables lie in the folder beside it.
  init(_ model: InputFile) throws(GoogLeNetError) {
    guard let beside = model.folder else {
      throw model.unsupported("its variables lie in a folder beside it, which cannot be reached from memory")
    }
    self.model = model
    folder = "\(beside)/variables"
    let path = "\(folder)/variables.index"
    index = try TensorBundle.map(path, model)
    table = try SortedTable(index.bytes) { model.invalid("its '\(path)': \($0)") }
    guard let header = table.entries[""] else { throw model.invalid("its '\(path)' has no header") }
    let message = try TensorBundle.message(
      index, header, model, "a header of tensors", tensorflow__bundle_header__unpack)
    guard message.message.pointee.endianness == 0 else {
      throw model.unsupported("its '\(path)' has big-endian values: only little-endian ones are read")
    }
    shardCount = Int(message.message.pointee.num_shards)
    guard 1...99_999 ~= shardCount else { throw model.invalid("its '\(path)' speaks of \(shardCount) files") }
  }

  private static func map(_ path: String, _ model: InputFile) throws(GoogLeNetError) -> MappedFile {
    do { return try MappedFile(path: path) } catch {
      throw GoogLeNetError(error.status, "'\(model.name)': its variables: \(error.message)")
    }
  }

  private static func message<Message>(
    _ index: MappedFile, _ range: Range<Int>, _ model: InputFile, _ what: String,
    _ unpack: ForeignMessage<Message>.Unpack
  ) throws(GoogLeNetError) -> ForeignMessage<Message> {
    let bytes = UnsafeRawBufferPointer(rebasing: index.bytes[range])
    return try ForeignMessage(
      InputFile(name: model.name, folder: nil, bytes: bytes), what: what, unpack: unpack)
  }

  /// nil where there is no such variable.
  func value(_ key: String) throws(GoogLeNetError) -> GraphConstant? {
    guard let range = table.entries[key] else { return nil }
    let message = try TensorBundle.message(
      index, range, model, "an entry for variable '\(key)'", tensorflow__bundle_entry__unpack)
    let entry = message.message.pointee
    guard let format = TensorFlowTensorReader.formats[entry.dtype] else {
      throw model.unsupported("variable '\(key)' has element type \(entry.dtype), which is not supported")
    }
    let (dims, count) = try TensorFlowTensorReader(model).dims(entry.shape?.pointee, name: key)
    guard entry.size == Int64(count * format.size) else {
      throw model.invalid(
        "variable '\(key)' has \(entry.size) bytes in one piece, but its dimensions \(dims) need \(count * format.size)"
      )
    }
    let data = try shard(Int(entry.shard_id), key).bytes
    guard entry.offset >= 0, entry.offset <= data.count, entry.size <= Int64(data.count) - entry.offset else {
      throw model.invalid(
        "variable '\(key)' lies at bytes \(entry.offset) to \(entry.offset)+\(entry.size) of a file that has \(data.count)"
      )
    }
    let offset = Int(entry.offset)
    let raw = UnsafeRawBufferPointer(rebasing: data[offset..<offset + count * format.size])
    guard entry.has_crc32c == 0 || entry.crc32c == CRC32C.masked(raw) else {
      throw model.invalid("the checksum of variable '\(key)' is wrong: the file is damaged")
    }
    return GraphConstant(dims: dims, values: format.values(raw, count: count))
  }

  private func shard(_ number: Int, _ key: String) throws(GoogLeNetError) -> MappedFile {
    if let mapped = shards[number] { return mapped }
    guard 0..<shardCount ~= number else {
      throw model.invalid("variable '\(key)' lies in file \(number) of \(shardCount)")
    }
    func padded(_ number: Int) -> String {
      let digits = "\(number)"
      return String(repeating: "0", count: max(5 - digits.utf8.count, 0)) + digits
    }
    let mapped = try TensorBundle.map("\(folder)/variables.data-\(padded(number))-of-\(padded(shardCount))", model)
    shards[number] = mapped
    return mapped
  }
}
