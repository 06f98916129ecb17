/// A FlatBuffer, serialized for tests.
indirect enum FlatBuffer {
  /// By the numbers of its fields.
  case table([Int: FlatBuffer])
  case list([FlatBuffer])
  case text(String)
  case data([UInt8])
  /// Of 32 bits, in its table.
  case number(Int)

  /// The bytes of a file whose outermost table this is.
  /// - Parameter identifier: of four characters.
  func bytes(identifier: String) -> [UInt8] {
    var file = FlatBuffer.little(0) + identifier.utf8
    emit(to: &file, at: 0)
    return file
  }

  private static func little(_ value: Int, _ count: Int = 4) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }

  /// Writes it at the end, and the distance to it at `place`.
  private func emit(to file: inout [UInt8], at place: Int) {
    var children: [FlatBuffer] = []
    var target = file.count
    switch self {
    case .number(let value):
      file.replaceSubrange(place..<place + 4, with: FlatBuffer.little(value))
      return
    case .text(let text): file += FlatBuffer.little(text.utf8.count) + text.utf8 + [0]
    case .data(let bytes): file += FlatBuffer.little(bytes.count) + bytes
    case .list(let items):
      children = items
      file += FlatBuffer.little(items.count)
    case .table(let fields):
      let numbers = fields.keys.sorted()
      let count = (numbers.last ?? -1) + 1
      file += FlatBuffer.little(4 + 2 * count, 2) + FlatBuffer.little(4 + 4 * numbers.count, 2)
      for field in 0..<count { file += FlatBuffer.little(numbers.firstIndex(of: field).map { 4 + 4 * $0 } ?? 0, 2) }
      file += FlatBuffer.little(file.count - target)
      target = file.count - 4
      children = numbers.compactMap { fields[$0] }
    }
    file.replaceSubrange(place..<place + 4, with: FlatBuffer.little(target - place))
    let first = file.count
    file += [UInt8](repeating: 0, count: 4 * children.count)
    for (index, child) in children.enumerated() { child.emit(to: &file, at: first + 4 * index) }
  }
}
