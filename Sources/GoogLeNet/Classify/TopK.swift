/// Picks the largest probabilities.
enum TopK {
  /// Fills `predictions` with the largest values in descending order, ties by index; returns how many there are. NaN counts as less
  /// than any number. Takes time in proportion to n log k and no memory.
  @_optimize(speed)
  static func select(
    _ probabilities: UnsafeBufferPointer<Float>, into predictions: UnsafeMutableBufferPointer<Prediction>
  )
    -> Int
  {
    let count = min(probabilities.count, predictions.count)
    guard count > 0 else { return 0 }
    // A heap of the best so far, whose first is the worst of them.
    for index in 0..<count {
      predictions[index] = Prediction(classIndex: index, probability: probabilities[index])
    }
    for place in (0..<count / 2).reversed() { sink(place, predictions, count) }
    for index in count..<probabilities.count {
      let next = Prediction(classIndex: index, probability: probabilities[index])
      guard isBetter(next, predictions[0]) else { continue }
      predictions[0] = next
      sink(0, predictions, count)
    }
    for end in (1..<count).reversed() {
      predictions.swapAt(0, end)
      sink(0, predictions, end)
    }
    return count
  }

  private static func isBetter(_ left: Prediction, _ right: Prediction) -> Bool {
    if left.probability > right.probability { return true }
    if left.probability < right.probability { return false }
    if left.probability.isNaN != right.probability.isNaN { return right.probability.isNaN }
    return left.classIndex < right.classIndex
  }

  /// Moves what lies at `place` down until both below it are better.
  @_optimize(speed)
  private static func sink(_ place: Int, _ heap: UnsafeMutableBufferPointer<Prediction>, _ count: Int) {
    var place = place
    let moved = heap[place]
    while 2 * place + 1 < count {
      var worse = 2 * place + 1
      if worse + 1 < count, isBetter(heap[worse], heap[worse + 1]) { worse += 1 }
      guard isBetter(moved, heap[worse]) else { break }
      heap[place] = heap[worse]
      place = worse
    }
    heap[place] = moved
  }
}
