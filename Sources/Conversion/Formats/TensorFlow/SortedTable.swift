import GoogLeNet

/// The entries of a sorted table file, LevelDB's form, in which TensorFlow's checkpoints keep their index.
///
/// Blocks of entries follow one another, each with a byte for its compression and a checksum; the last of them lists the
/// others. A key leaves out what it shares with the one before.
struct SortedTable {
  /// By key: where the value lies in the file.
  private(set) var entries: [String: Range<Int>] = [:]
  private let bytes: UnsafeRawBufferPointer
  private let fault: (String) -> GoogLeNetError
  /// What keys and entries take: what is shared or listed twice could become large.
  private let charge: ValueCharge

  private static let footerSize = 48
  private static let trailerSize = 5
  private static let magic: UInt64 = 0xDB47_7524_8B80_FB57

  /// - Parameter fault: the error that says what is wrong with the file.
  init(_ bytes: UnsafeRawBufferPointer, _ budget: ValueBudget, fault: @escaping (String) -> GoogLeNetError)
    throws(GoogLeNetError)
  {
    self.bytes = bytes
    self.fault = fault
    charge = try budget.charge(0)
    guard bytes.count >= SortedTable.footerSize, SortedTable.isTable(bytes) else {
      throw fault("it is not a table of tensors, or cut off: its last bytes are not a table's")
    }
    var cursor = bytes.count - SortedTable.footerSize
    _ = try handle(&cursor, bytes.count)
    let index = try handle(&cursor, bytes.count)
    for (_, value) in try block(index) {
      var cursor = value.lowerBound
      for (key, value) in try block(try handle(&cursor, value.upperBound)) {
        entries[String(decoding: key, as: UTF8.self)] = value
      }
    }
  }

  static func isTable(_ bytes: UnsafeRawBufferPointer) -> Bool {
    bytes.count >= 8
      && UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: bytes.count - 8, as: UInt64.self)) == magic
  }

  private func number(_ cursor: inout Int, _ end: Int) throws(GoogLeNetError) -> Int {
    guard let value = ProtobufMessage.varint(bytes, &cursor, end: end), value <= UInt64(bytes.count) else {
      throw fault("the number at byte \(cursor) is cut off or too large")
    }
    return Int(value)
  }

  private func handle(_ cursor: inout Int, _ end: Int) throws(GoogLeNetError) -> Range<Int> {
    let offset = try number(&cursor, end)
    let size = try number(&cursor, end)
    guard offset <= bytes.count - SortedTable.trailerSize, size <= bytes.count - SortedTable.trailerSize - offset else {
      throw fault("a block of \(size) bytes at \(offset) does not fit its \(bytes.count) bytes")
    }
    return offset..<offset + size
  }

  private mutating func block(_ range: Range<Int>) throws(GoogLeNetError) -> [(key: [UInt8], value: Range<Int>)] {
    try charge.add(range.count)
    guard bytes[range.upperBound] == 0 else {
      throw fault("its blocks are compressed, which TensorFlow does not do: save the model again")
    }
    let stored = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: range.upperBound + 1, as: UInt32.self))
    guard CRC32C.masked(UnsafeRawBufferPointer(rebasing: bytes[range.lowerBound...range.upperBound])) == stored else {
      throw fault("the checksum of the block at byte \(range.lowerBound) is wrong: the file is damaged")
    }
    guard range.count >= 4 else { throw fault("the block at byte \(range.lowerBound) is cut off") }
    // Behind the entries stand the places at which keys are complete, which only a search needs, and their number.
    let restarts = Int(
      UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: range.upperBound - 4, as: UInt32.self)))
    guard restarts <= (range.count - 4) / 4 else { throw fault("the block at byte \(range.lowerBound) is cut off") }
    let end = range.upperBound - 4 - 4 * restarts
    var found: [(key: [UInt8], value: Range<Int>)] = []
    var cursor = range.lowerBound
    var key: [UInt8] = []
    while cursor < end {
      let shared = try number(&cursor, end), own = try number(&cursor, end), size = try number(&cursor, end)
      guard shared <= key.count, own <= end - cursor, size <= end - cursor - own else {
        throw fault("the entry before byte \(cursor) does not fit its block")
      }
      // Once in the list, once among the entries.
      try charge.add(2 * (shared + own + 64))
      key.removeLast(key.count - shared)
      key += bytes[cursor..<cursor + own]
      cursor += own
      found.append((key, cursor..<cursor + size))
      cursor += size
    }
    return found
  }
}
