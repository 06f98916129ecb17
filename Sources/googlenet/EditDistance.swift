/// How far two words lie apart: in letters that are put in, left out, exchanged for another or with their neighbour
/// (optimal string alignment).
enum EditDistance {
  /// The name that was probably meant; nil where none is near.
  static func nearest(to word: String, of names: [String]) -> String? {
    // Longer ones are no slips, and would take time.
    guard word.utf8.count <= 100 else { return nil }
    let distances = names.map { (name: $0, distance: between(Array(word.lowercased()), Array($0))) }
    guard let best = distances.min(by: { $0.distance < $1.distance }), best.distance <= max(1, best.name.count / 3)
    else {
      return nil
    }
    return best.name
  }

  private static func between(_ one: [Character], _ other: [Character]) -> Int {
    var table = [[Int]](repeating: Array(0...other.count), count: one.count + 1)
    for row in 0..<one.count {
      table[row + 1][0] = row + 1
      for column in 0..<other.count {
        var least = min(table[row][column + 1], table[row + 1][column]) + 1
        least = min(least, table[row][column] + (one[row] == other[column] ? 0 : 1))
        if row > 0, column > 0, one[row] == other[column - 1], one[row - 1] == other[column] {
          least = min(least, table[row - 1][column - 1] + 1)
        }
        table[row + 1][column + 1] = least
      }
    }
    return table[one.count][other.count]
  }
}
