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

  @Test func nanNeverWins() {
    #expect(top(1, of: [0.1, .nan, 0.7]).map(\.classIndex) == [2])
  }
}
