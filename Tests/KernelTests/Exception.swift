import Testing

/// A number that is not finite.
enum Exception: CaseIterable, CustomTestStringConvertible {
  case infinity, negativeInfinity, notANumber

  var value: Float {
    switch self {
    case .infinity: .infinity
    case .negativeInfinity: -.infinity
    case .notANumber: .nan
    }
  }

  var testDescription: String { "\(value)" }
}
