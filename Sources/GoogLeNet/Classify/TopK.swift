/// Picks the largest probabilities.
enum TopK {
  /// Fills `predictions` with the largest values in descending order, ties by index; returns how many there are.
  static func select(
    _ probabilities: UnsafeBufferPointer<Float>, into predictions: UnsafeMutableBufferPointer<Prediction>
  )
    -> Int
  {
    var count = 0
    for (index, probability) in probabilities.enumerated() {
      var place = count
      while place > 0, predictions[place - 1].probability < probability { place -= 1 }
      guard place < predictions.count else { continue }
      if count < predictions.count { count += 1 }
      var last = count - 1
      while last > place {
        predictions[last] = predictions[last - 1]
        last -= 1
      }
      predictions[place] = Prediction(classIndex: index, probability: probability)
    }
    return count
  }
}
