import CForeignFormats
import GoogLeNet

/// The variables of a SavedModel: a table that says where each lies, and the files with their values.
final class TensorBundle {
  private let model: InputFile
  private let index: MappedFile
  private let table: SortedTable
  private let shardCount: Int
  /// Within that of the model.
  private static let folder = "variables"
  private var shards: [Int: MappedFile] = [:]

  /// - Parameter model: the SavedModel's file; the variables lie in the folder beside it.
  init(_ model: InputFile) throws(GoogLeNetError) {
    self.model = model
    let path = "\(TensorBundle.folder)/variables.index"
    index = try CompanionFile.map(path, of: model, "the table of its variables")
    table = try SortedTable(index.bytes, model.budget) { model.invalid("its '\(path)': \($0)") }
    guard let header = table.entries[""] else { throw model.invalid("its '\(path)' has no header") }
    let message = try TensorBundle.message(
      index, header, model, "a header of tensors", tensorflow__bundle_header__unpack)
    guard message.message.pointee.endianness == 0 else {
      throw model.unsupported("its '\(path)' has big-endian values: only little-endian ones are read")
    }
    shardCount = Int(message.message.pointee.num_shards)
    guard 1...99_999 ~= shardCount else { throw model.invalid("its '\(path)' speaks of \(shardCount) files") }
  }

  private static func message<Message>(
    _ index: MappedFile, _ range: Range<Int>, _ model: InputFile, _ what: String,
    _ unpack: ForeignMessage<Message>.Unpack
  ) throws(GoogLeNetError) -> ForeignMessage<Message> {
    let bytes = UnsafeRawBufferPointer(rebasing: index.bytes[range])
    return try ForeignMessage(
      InputFile(name: model.name, folder: nil, bytes: bytes, budget: model.budget), what: what, unpack: unpack)
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
    return try format.constant(raw, dims: dims, count: count, model.budget)
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
    let mapped = try CompanionFile.map(
      "\(TensorBundle.folder)/variables.data-\(padded(number))-of-\(padded(shardCount))", of: model,
      "variable '\(key)'")
    shards[number] = mapped
    return mapped
  }
}
