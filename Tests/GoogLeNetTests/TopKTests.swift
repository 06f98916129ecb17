import Testing

@testable import GoogLeNet

@Suite struct TopKTests {
  private func top(_ count: Int, of values: [Float]) -> [Prediction] {
    var result = [Prediction](repeating: Prediction(classIndex: -1, probability: -1), count: count)
    let written = values.withUnsafeBufferPointer { values in
      result.withUnsafeMutableBufferPointer { TopK.select(values, into: $0) }
    }
    return Array(result[..<written])
  }

  @Test(arguments: [1, 2, 5, 99, 100, 150])
  func agreesWithSorting(count: Int) {
    var random = RandomNumbers(seed: 1)
    // Few distinct values, so that there are many ties.
    let values = (0..<100).map { _ in Float(Int.random(in: 0..<20, using: &random)) }
    let sorted = values.indices.sorted { values[$0] != values[$1] ? values[$0] > values[$1] : $0 < $1 }
    #expect(top(count, of: values).map(\.classIndex) == Array(sorted.prefix(count)))
  }

  /// As many as there can be, in any order.
  @Test(arguments: [1, 1000, 65_535, 65_536])
  func manyClasses(count: Int) {
    var random = RandomNumbers(seed: 2)
    let values = (0..<65_536).map { _ in Float(Int.random(in: 0..<1 << 15, using: &random)) }
    let sorted = values.indices.sorted { values[$0] != values[$1] ? values[$0] > values[$1] : $0 < $1 }
    #expect(top(count, of: values).map(\.classIndex) == Array(sorted.prefix(count)))
    let ascending = (0..<65_536).map(Float.init)
    #expect(top(count, of: ascending).map(\.classIndex) == Array((0..<65_536).reversed().prefix(count)))
  }

  @Test func nanNeverWins() {
    #expect(top(1, of: [0.1, .nan, 0.7]).map(\.classIndex) == [2])
    #expect(top(1, of: [.nan, 0.7]).map(\.classIndex) == [1])
    #expect(top(4, of: [.nan, 0.7, .nan, -.infinity]).map(\.classIndex) == [1, 3, 0, 2])
  }

  @Test func noneOfNone() {
    #expect(top(3, of: []).isEmpty)
    #expect(top(0, of: [1]).isEmpty)
  }
}
