/// Bilinear (triangle) resampling along one side: which input samples make an output sample, and with which weights.
/// Rounding and fixed point as in Pillow (Resample.c, 8 bits per channel).
struct ResampleFilter {
  /// Fractional bits of the weights.
  private static let precision = 22

  private let inputSize: Int
  /// Where the first output begins, in input samples.
  private let origin: Double
  /// Input samples an output.
  private let scale: Double
  /// How far from an output sample, in input samples, the triangle ends.
  private let radius: Double
  private let first: Int
  let count: Int
  /// Samples an output sample can read at most.
  private let support: Int

  /// For the outputs `outputs`.
  /// - Parameter isAntialiased: whether the triangle is widened when shrinking, so that all input samples count.
  init(inputSize: Int, origin: Double, scale: Double, outputs: Range<Int>, isAntialiased: Bool) {
    self.inputSize = inputSize
    self.origin = origin
    self.scale = scale
    first = outputs.lowerBound
    count = outputs.count
    radius = isAntialiased ? max(scale, 1) : 1
    support = Int(radius.rounded(.up)) * 2 + 1
  }

  /// The weights of one output sample.
  struct Weights {
    let values: UnsafePointer<Int32>
    let count: Int

    @inline(__always)
    func sum(_ samples: UnsafePointer<UInt8>, stride: Int) -> UInt8 {
      var sum: Int32 = 1 &<< Int32(ResampleFilter.precision &- 1)
      var sample = samples
      for index in 0..<count {
        sum &+= Int32(sample.pointee) &* values[index]
        sample += stride
      }
      return UInt8(truncatingIfNeeded: max(0, min(255, sum &>> Int32(ResampleFilter.precision))))
    }
  }

  /// Entries of a table: for each output its first input, the number of weights, the weights.
  var tableCount: Int { count * (support + 2) }

  private func bounds(_ output: Int) -> (start: Int, end: Int, center: Double) {
    let center = origin + (Double(output) + 0.5) * scale
    // An output beyond the inputs, of which a view may have one, reads the last of them.
    let start = min(max(Int(center - radius + 0.5), 0), inputSize - 1)
    return (start, max(min(Int(center + radius + 0.5), inputSize), start + 1), center)
  }

  /// The range of inputs that all outputs together read.
  var firstInput: Int { bounds(first).start }
  var endInput: Int { bounds(first + count - 1).end }

  @_optimize(speed)
  func fill(_ table: UnsafeMutablePointer<Int32>) {
    let narrowing = 1 / radius
    for index in 0..<count {
      let (start, end, center) = bounds(first + index)
      let entry = table + index * (support + 2)
      let length = min(end - start, support)
      entry[0] = Int32(start)
      entry[1] = Int32(length)
      func weight(_ offset: Int) -> Double {
        max(0, 1 - abs((Double(offset + start) - center + 0.5) * narrowing))
      }
      var total = 0.0
      for offset in 0..<length { total += weight(offset) }
      for offset in 0..<length {
        let share = total == 0 ? 1 / Double(length) : weight(offset) / total
        entry[2 + offset] = Int32(0.5 + share * Double(1 << ResampleFilter.precision))
      }
    }
  }

  @inline(__always)
  func window(_ table: UnsafePointer<Int32>, _ index: Int) -> (start: Int, weights: Weights) {
    let entry = table + index &* (support &+ 2)
    return (Int(entry[0]), Weights(values: entry + 2, count: Int(entry[1])))
  }
}
