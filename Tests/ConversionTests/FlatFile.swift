/// A TFLite model, serialized for tests, in which many operators are one and the same.
struct FlatFile {
  /// How often the operator is listed.
  var operators: Int
  /// How many tensors it reads.
  var inputs: Int

  var bytes: [UInt8] {
    var file: [UInt8] = [0, 0, 0, 0] + [UInt8]("TFL3".utf8)
    func little(_ value: Int, _ count: Int = 4) -> [UInt8] {
      (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
    /// Writes the distance to `target`, or to what comes next, at `place`.
    func point(_ place: Int, to target: Int? = nil) {
      file.replaceSubrange(place..<place + 4, with: little((target ?? file.count) - place))
    }
    /// Adds a table of offsets for some of `count` fields, and returns their places.
    func table(_ count: Int, _ fields: [Int]) -> [Int] {
      let layout = file.count
      file += little(4 + 2 * count, 2) + little(4 + 4 * fields.count, 2)
      for field in 0..<count { file += little(fields.firstIndex(of: field).map { 4 + 4 * $0 } ?? 0, 2) }
      let start = file.count
      file += little(start - layout)
      file += [UInt8](repeating: 0, count: 4 * fields.count)
      return fields.indices.map { start + 4 + 4 * $0 }
    }
    /// Adds a list of offsets, and returns their places.
    func list(_ count: Int) -> [Int] {
      file += little(count)
      let start = file.count
      file += [UInt8](repeating: 0, count: 4 * count)
      return (0..<count).map { start + 4 * $0 }
    }
    /// Adds a table where the offset at `place` leads to.
    func table(at place: Int, _ count: Int, _ fields: [Int]) -> [Int] {
      // An offset leads to the table, behind its layout.
      let places = table(count, fields)
      point(place, to: places.isEmpty ? file.count - 4 : places[0] - 4)
      return places
    }
    let model = table(at: 0, 5, [1, 2])
    point(model[0])
    let code = list(1)
    _ = table(at: code[0], 4, [])
    point(model[1])
    let graphs = list(1)
    let graph = table(at: graphs[0], 4, [0, 1, 2, 3])
    for field in 0..<3 {
      point(graph[field])
      _ = list(0)
    }
    point(graph[3])
    let places = list(operators)
    let one = table(at: places[0], 3, [1])
    for place in places.dropFirst() { point(place, to: one[0] - 4) }
    point(one[0])
    _ = list(inputs)
    return file
  }
}
