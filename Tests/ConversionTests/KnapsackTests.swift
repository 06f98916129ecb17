import Testing

@testable import Conversion

struct KnapsackTests {
  private static func items(_ pairs: [(cost: UInt64, gain: Double)]) -> [Knapsack.Item] {
    pairs.map { Knapsack.Item(cost: $0.cost, gain: $0.gain) }
  }

  @Test func twoSmallItemsBeatTheBestForItsCost() {
    let items = KnapsackTests.items([(60, 61), (50, 50), (50, 50)])
    #expect(Knapsack.best(items, budget: 100) == [1, 2])
    #expect(Knapsack.best(items, budget: 99) == [0])
    #expect(Knapsack.best(items, budget: 49) == [])
    #expect(Knapsack.best(items, budget: 1000) == [0, 1, 2])
  }

  @Test func nothingThatGainsNothingIsTaken() {
    let items = KnapsackTests.items([(1, 0), (1, 2), (5, 0)])
    #expect(Knapsack.best(items, budget: 6) == [1])
    #expect(Knapsack.best(items, budget: 7) == [1])
    #expect(Knapsack.best([], budget: 7) == [])
  }

  @Test func theFirstOfEqualItemsIsTaken() {
    #expect(Knapsack.best(KnapsackTests.items([(3, 1), (3, 1), (3, 1)]), budget: 7) == [0, 1])
  }

  /// Against all subsets, with costs as large as a network's.
  @Test func noSubsetIsBetter() {
    var state: UInt64 = 7
    func random(_ limit: UInt64) -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return (state >> 33) % limit
    }
    for _ in 0..<50 {
      // Parts of the budget, so that rounding does not matter.
      let items = KnapsackTests.items(
        (0..<9).map { _ in (cost: random(4000) * 1000, gain: Double(random(1000))) })
      let found = Knapsack.best(items, budget: 10_000_000)
      #expect(found.reduce(0) { $0 + items[$1].cost } <= 10_000_000)
      var best = 0.0
      for subset in 0..<(1 << items.count) {
        let members = items.indices.filter { subset >> $0 & 1 == 1 }
        guard members.reduce(0, { $0 + items[$1].cost }) <= 10_000_000 else { continue }
        best = max(best, members.reduce(0) { $0 + items[$1].gain })
      }
      #expect(found.reduce(0) { $0 + items[$1].gain } == best)
    }
  }
}
