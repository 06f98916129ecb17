import CKernels

/// A record of integer convolutions in the kernel table, and the weights that it takes.
struct IntegerRecord<Weight: FixedWidthInteger> {
  let place: KeyPath<gln_kernel_table, gln_integer_convolution_algorithm>
  let weights: ClosedRange<Weight>

  /// A random weight; one in four is the smallest or the largest.
  func weight(_ random: inout Random) -> Weight {
    let bits = random.next()
    switch bits >> 61 {
    case 0: return weights.lowerBound
    case 1: return weights.upperBound
    default: return Weight.random(in: weights, using: &random)
    }
  }
}

extension IntegerRecord<Int8> {
  nonisolated(unsafe) static let direct = IntegerRecord(place: \.s8_direct, weights: .min ... .max)
  nonisolated(unsafe) static let winograd = IntegerRecord(place: \.s8_winograd, weights: .min ... .max)
}

extension IntegerRecord<Int16> {
  nonisolated(unsafe) static let wide = IntegerRecord(place: \.s16_direct, weights: -255...255)
  nonisolated(unsafe) static let wideWinograd = IntegerRecord(place: \.s16_winograd, weights: -255...255)
}
