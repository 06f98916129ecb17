/// How far two networks' probabilities for the same pictures lie apart.
public struct ProbabilityComparison: Sendable {
  public private(set) var count = 0
  private var agreeing = 0
  private var variation = 0.0

  public init() {}

  /// Adds the probabilities of a picture.
  public mutating func add(_ probabilities: [Float], _ reference: [Float]) {
    count += 1
    if ProbabilityComparison.likeliest(probabilities) == ProbabilityComparison.likeliest(reference) { agreeing += 1 }
    var difference = 0.0
    for (first, second) in zip(probabilities, reference) { difference += abs(Double(first) - Double(second)) }
    variation += difference / 2
  }

  /// The share of pictures whose likeliest class is the same.
  public var agreement: Double { Double(agreeing) / Double(max(count, 1)) }

  /// Half the summed absolute differences of a picture's probabilities, in the mean of the pictures.
  public var totalVariation: Double { variation / Double(max(count, 1)) }

  /// The index of the largest value, the first of equal ones.
  public static func likeliest(_ probabilities: [Float]) -> Int {
    var best = 0
    for index in probabilities.indices where probabilities[index] > probabilities[best] { best = index }
    return best
  }
}
