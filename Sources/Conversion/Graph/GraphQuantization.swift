import GoogLeNet

/// How an activation is stored: x = (integer − zero point) × scale.
struct GraphQuantization: Equatable {
  let scale: Float
  let zeroPoint: Int
  /// The integers that the type can hold.
  let range: ClosedRange<Int>

  /// Whether what is negative becomes 0: what stands for a ReLU in files from which it was left out.
  var clampsAtZero: Bool { zeroPoint == range.lowerBound }

  /// How values of at least 0 are stored.
  var ofPositives: ActivationQuantization { ActivationQuantization(scale: scale, top: range.upperBound - zeroPoint) }
}
