import CKernels

/// exp(x − max) / sum over contiguous values.
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
    for place in stride(from: 0, to: whole, by: width) { largest = larger(largest, load(input + place)) }
    var maximum = laneMaximum(largest)
    for place in whole..<count where input[place] > maximum { maximum = input[place] }
    let offset = Vec(repeating: maximum)
    var sums = Vec(repeating: 0)
    for place in stride(from: 0, to: whole, by: width) {
      let value = exponential(load(input + place) - offset)
      sums += value
      store(value, output + place)
    }
    var sum = laneSum(sums)
    if rest > 0 {
      let values = exponential(load(input + whole, count: rest) - offset)
      for lane in 0..<rest { sum += values[lane] }
      store(values, output + whole, count: rest)
    }
    let divisor = Vec(repeating: sum)
    for place in stride(from: 0, to: whole, by: width) { store(load(output + place) / divisor, output + place) }
    if rest > 0 { store(load(output + whole, count: rest) / divisor, output + whole, count: rest) }
  }
}
