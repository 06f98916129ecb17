import CKernels

/// exp(x − max) / sum over contiguous values. Of finite values all are between 0 and 1. No operation is fused, and the sum is taken in the order of the values, so
/// that every tier gives the same bits.
struct Softmax {
  let arguments: gln_f32_softmax

  func run() {
    let count = Int(arguments.count)
    let input = arguments.input.unsafelyUnwrapped
    let output = arguments.output.unsafelyUnwrapped
    let width = Vec.scalarCount
    let whole = count / width &* width
    let rest = count &- whole
    var largest = Vec(repeating: -.infinity)
    for place in stride(from: 0, to: whole, by: width) { largest = gln_larger(largest, load(input + place)) }
    var maximum = laneMaximum(largest)
    for place in whole..<count where input[place] > maximum { maximum = input[place] }
    let offset = Vec(repeating: maximum)
    for place in stride(from: 0, to: whole, by: width) {
      store(exponential(load(input + place) - offset), output + place)
    }
    if rest > 0 {
      store(exponential(load(input + whole, count: rest) - offset), output + whole, count: rest)
    }
    var sum = 0.0
    for place in 0..<count { sum += Double(output[place]) }
    let divisor = Vec(repeating: Float(sum))
    for place in stride(from: 0, to: whole, by: width) { store(load(output + place) / divisor, output + place) }
    if rest > 0 { store(load(output + whole, count: rest) / divisor, output + whole, count: rest) }
  }
}
