import GoogLeNet

/// A table of a FlatBuffer: fields by number, each of which may be missing. Every access is checked against the file.
struct FlatTable {
  let file: InputFile
  private let position: Int
  /// Where the table of the fields' places begins, and how many there are.
  private let fields: Int
  private let fieldCount: Int

  /// The file's outermost table.
  init(root file: InputFile) throws(GoogLeNetError) {
    try self.init(file, at: Int(try FlatTable.load(file, at: 0, as: UInt32.self)))
  }

  private init(_ file: InputFile, at position: Int) throws(GoogLeNetError) {
    self.file = file
    self.position = position
    let places = position - Int(try FlatTable.load(file, at: position, as: Int32.self))
    let size = Int(try FlatTable.load(file, at: places, as: UInt16.self))
    guard size >= 4, size <= file.bytes.count - places else {
      throw file.invalid("the table at byte \(position) is damaged or cut off")
    }
    fields = places + 4
    fieldCount = (size - 4) / 2
  }

  private static func load<Value: FixedWidthInteger>(_ file: InputFile, at offset: Int, as type: Value.Type)
    throws(GoogLeNetError) -> Value
  {
    guard offset >= 0, offset <= file.bytes.count - MemoryLayout<Value>.size else {
      throw file.invalid("it refers to byte \(offset), but has only \(file.bytes.count): damaged or cut off")
    }
    return Value(littleEndian: file.bytes.loadUnaligned(fromByteOffset: offset, as: type))
  }

  /// Where a field's value lies; nil where it is missing.
  private func place(_ field: Int) throws(GoogLeNetError) -> Int? {
    guard field < fieldCount else { return nil }
    let offset = Int(try FlatTable.load(file, at: fields + 2 * field, as: UInt16.self))
    return offset == 0 ? nil : position + offset
  }

  func number<Value: FixedWidthInteger>(_ field: Int, _ type: Value.Type, _ fallback: Value = 0)
    throws(GoogLeNetError) -> Int
  {
    guard let place = try place(field) else { return Int(truncatingIfNeeded: fallback) }
    return Int(truncatingIfNeeded: try FlatTable.load(file, at: place, as: type))
  }

  func float(_ field: Int) throws(GoogLeNetError) -> Float {
    guard let place = try place(field) else { return 0 }
    return Float(bitPattern: try FlatTable.load(file, at: place, as: UInt32.self))
  }

  /// What a field's offset leads to.
  private func target(_ field: Int) throws(GoogLeNetError) -> Int? {
    guard let place = try place(field) else { return nil }
    return place + Int(try FlatTable.load(file, at: place, as: UInt32.self))
  }

  func table(_ field: Int) throws(GoogLeNetError) -> FlatTable? {
    guard let target = try target(field) else { return nil }
    return try FlatTable(file, at: target)
  }

  /// The bytes of an array and how many elements it has; nil where it is missing.
  private func array(_ field: Int, elementSize: Int) throws(GoogLeNetError) -> (start: Int, count: Int)? {
    guard let target = try target(field) else { return nil }
    let count = Int(try FlatTable.load(file, at: target, as: UInt32.self))
    guard count <= (file.bytes.count - target - 4) / elementSize else {
      throw file.invalid("the array of \(count) elements at byte \(target) is cut off")
    }
    return (target + 4, count)
  }

  func bytes(_ field: Int) throws(GoogLeNetError) -> UnsafeRawBufferPointer? {
    guard let array = try array(field, elementSize: 1) else { return nil }
    return UnsafeRawBufferPointer(rebasing: file.bytes[array.start..<array.start + array.count])
  }

  func text(_ field: Int) throws(GoogLeNetError) -> String {
    guard let bytes = try bytes(field) else { return "" }
    // Many tables can share a text or an array.
    try file.budget.take(bytes.count)
    return String(decoding: bytes, as: UTF8.self)
  }

  func numbers<Value: FixedWidthInteger>(_ field: Int, _ type: Value.Type) throws(GoogLeNetError) -> [Int]? {
    let size = MemoryLayout<Value>.size
    guard let array = try array(field, elementSize: size) else { return nil }
    try file.budget.take(ValueBudget.bytes(array.count, of: Int.self))
    var values: [Int] = []
    values.reserveCapacity(array.count)
    for index in 0..<array.count {
      values.append(Int(truncatingIfNeeded: try FlatTable.load(file, at: array.start + index * size, as: type)))
    }
    return values
  }

  func floats(_ field: Int) throws(GoogLeNetError) -> [Float] {
    try (numbers(field, UInt32.self) ?? []).map { Float(bitPattern: UInt32(truncatingIfNeeded: $0)) }
  }

  func tableCount(_ field: Int) throws(GoogLeNetError) -> Int { try array(field, elementSize: 4)?.count ?? 0 }

  /// A table of an array of them.
  /// - Parameter what: how errors call it.
  func table(_ field: Int, at index: Int, _ what: String) throws(GoogLeNetError) -> FlatTable {
    let array = try array(field, elementSize: 4) ?? (0, 0)
    guard 0..<array.count ~= index else {
      throw file.invalid("it refers to \(what) \(index) of \(array.count)")
    }
    let place = array.start + 4 * index
    return try FlatTable(file, at: place + Int(try FlatTable.load(file, at: place, as: UInt32.self)))
  }
}
