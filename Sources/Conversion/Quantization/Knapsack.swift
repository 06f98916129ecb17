/// Which things are best taken where there is room for some of them only.
enum Knapsack {
  struct Item {
    let cost: UInt64
    let gain: Double
  }

  /// Costs are rounded up to the budget's parts of this number.
  private static let parts = 10_000

  /// The indices, rising, of items that gain most together and cost at most the budget; the first ones where that is the same.
  static func best(_ items: [Item], budget: UInt64) -> [Int] {
    guard items.reduce(0, { $0 + $1.cost }) > budget else { return items.indices.filter { items[$0].gain > 0 } }
    let part = max(Double(budget) / Double(parts), 1)
    let capacity = Int(Double(budget) / part)
    let sizes = items.map { Int(min(Double($0.cost) / part, Double(parts + 1)).rounded(.up)) }
    // For each room the greatest gain, and for each item whether it belongs to that.
    var gains = [Double](repeating: 0, count: capacity + 1)
    var isTaken: [[Bool]] = []
    for (item, size) in zip(items, sizes) {
      var taken = [Bool](repeating: false, count: capacity + 1)
      for room in stride(from: capacity, through: size, by: -1) where gains[room - size] + item.gain > gains[room] {
        gains[room] = gains[room - size] + item.gain
        taken[room] = true
      }
      isTaken.append(taken)
    }
    var room = capacity
    var chosen: [Int] = []
    for index in items.indices.reversed() where isTaken[index][room] {
      chosen.append(index)
      room -= sizes[index]
    }
    return chosen.reversed()
  }
}
