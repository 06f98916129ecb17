import CKernels

/// Lanes below `minimum` raised to it. NaN stays.
@inline(__always)
func raise(_ vector: Vec, to minimum: Vec) -> Vec { gln_larger(vector, minimum) }

/// 1 / √x to float accuracy.
@inline(__always)
func reciprocalSquareRoot(_ x: Vec) -> Vec {
  var result = gln_reciprocal_square_root(x)
  for _ in 0..<Tier.newtonSteps { result = newtonStep(x, result) }
  return result
}

/// One Newton step for 1 / √x: doubles the bits that are right.
@inline(__always)
private func newtonStep(_ x: Vec, _ estimate: Vec) -> Vec {
  let half = Vec(repeating: 0.5)
  let halfError = gln_multiply_add(x * Vec(repeating: -0.5) * estimate, estimate, half)
  return gln_multiply_add(estimate, halfError, estimate)
}

/// The natural exponential function with a relative error of at most 3e-7; 0 below −87, infinity above 88. No operation is
/// fused: every tier gives the same bits.
@inline(__always)
func exponential(_ x: Vec) -> Vec {
  let lowest = Vec(repeating: -87)
  let highest = Vec(repeating: 88)
  // Adding and subtracting 1.5 · 2^23 rounds to an integer, which then stands in the sum's lowest bits.
  let shift = Vec(repeating: 12_582_912)
  let clamped = raise(x, to: lowest).replacing(with: highest, where: x .> highest)
  let shifted = clamped * Vec(repeating: 1.442_695_04) + shift
  let power = shifted - shift
  // ln 2 in two parts, the first short enough for exact products with small integers.
  var y = power * Vec(repeating: -0.693_359_375) + clamped
  y = power * Vec(repeating: 2.121_944_4e-4) + y
  // |y| ≤ ln √2: eight terms of the series reach float accuracy.
  var sum = Vec(repeating: 1 / 5040)
  sum = sum * y + Vec(repeating: 1 / 720)
  sum = sum * y + Vec(repeating: 1 / 120)
  sum = sum * y + Vec(repeating: 1 / 24)
  sum = sum * y + Vec(repeating: 1 / 6)
  sum = sum * y + Vec(repeating: 0.5)
  sum = sum * y + Vec(repeating: 1)
  sum = sum * y + Vec(repeating: 1)
  let exponent = unsafeBitCast(shifted, to: Bits.self) &<< Bits(repeating: 23)
  let result = unsafeBitCast(unsafeBitCast(sum, to: Bits.self) &+ exponent, to: Vec.self)
  return result.replacing(with: Vec(repeating: 0), where: x .< lowest)
    .replacing(with: Vec(repeating: .infinity), where: x .> highest)
    .replacing(with: x, where: x .!= x)
}

/// The natural logarithm, to an absolute or relative error of 2e-7, whichever is larger; −infinity at 0, NaN below.
@inline(__always)
func logarithm(_ x: Vec) -> Vec {
  // Subnormal numbers are brought among the normal ones first.
  let subnormal = x .< Vec(repeating: .leastNormalMagnitude)
  let scaled = x.replacing(with: x * Vec(repeating: 16_777_216), where: subnormal)
  let bits = unsafeBitCast(scaled, to: Bits.self)
  // Exponent and mantissa of x / √½, so that the mantissa lies around 1. Or-ing an integer into 2^23 makes a float of it.
  let shifted = bits &- Bits(repeating: 0x3F35_04F3)
  let field = ((shifted &+ Bits(repeating: 0x4000_0000)) &>> Bits(repeating: 23)) | Bits(repeating: 0x4B00_0000)
  var power = unsafeBitCast(field, to: Vec.self) - Vec(repeating: 8_388_608 + 128)
  power = power.replacing(with: power - Vec(repeating: 24), where: subnormal)
  let mantissa = unsafeBitCast(
    (shifted & Bits(repeating: 0x007F_FFFF)) &+ Bits(repeating: 0x3F35_04F3), to: Vec.self)
  // ln m = 2 artanh s, with |s| ≤ 0.172.
  let s = (mantissa - Vec(repeating: 1)) / (mantissa + Vec(repeating: 1))
  let square = s * s
  var sum = Vec(repeating: 2.0 / 9)
  sum = gln_multiply_add(sum, square, Vec(repeating: 2.0 / 7))
  sum = gln_multiply_add(sum, square, Vec(repeating: 2.0 / 5))
  sum = gln_multiply_add(sum, square, Vec(repeating: 2.0 / 3))
  sum = gln_multiply_add(sum, square, Vec(repeating: 2))
  let small = gln_multiply_add(power, Vec(repeating: -2.121_944_4e-4), sum * s)
  let result = gln_multiply_add(power, Vec(repeating: 0.693_359_375), small)
  return result.replacing(with: Vec(repeating: -.infinity), where: x .== Vec(repeating: 0))
    .replacing(with: Vec(repeating: .nan), where: x .< Vec(repeating: 0))
    .replacing(with: x, where: x .!= x)
    .replacing(with: x, where: x .== Vec(repeating: .infinity))
}

/// The largest lane.
@inline(__always)
func laneMaximum(_ vector: Vec) -> Float {
  var largest = vector[0]
  for lane in 1..<Vec.scalarCount where vector[lane] > largest { largest = vector[lane] }
  return largest
}
