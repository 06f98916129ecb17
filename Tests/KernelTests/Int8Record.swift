import CKernels

/// A record of int8 convolutions in the kernel table, and the weights that it takes.
struct Int8Record<Weight: FixedWidthInteger> {
  let place: KeyPath<gln_kernel_table, gln_s8_convolution_algorithm>
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

extension Int8Record<Int8> {
  nonisolated(unsafe) static let direct = Int8Record(place: \.s8_direct, weights: .min ... .max)
  nonisolated(unsafe) static let winograd = Int8Record(place: \.s8_winograd, weights: .min ... .max)
}

extension Int8Record<Int16> {
  nonisolated(unsafe) static let wide = Int8Record(place: \.s16_direct, weights: -255...255)
  nonisolated(unsafe) static let wideWinograd = Int8Record(place: \.s16_winograd, weights: -255...255)
}
