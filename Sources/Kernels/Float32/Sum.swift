import CKernels

/// y = max(the sum of several values, minimum). They are added one after another: the same bits on every tier.
struct Sum {
  let arguments: gln_f32_sum

  /// Units are ranges of pixels.
  @inline(__always)
  static func cut(_ arguments: gln_f32_sum) -> WorkCut {
    ChannelMap.cut(height: arguments.height, width: arguments.width, threads: arguments.threads)
  }

  func run(_ unit: Int32, _ findings: UnsafeMutablePointer<gln_findings>) {
    let a = arguments
    let minimum = Vec(repeating: a.minimum)
    let summands = UnsafeBufferPointer(start: a.summands, count: Int(a.summand_count))
    let width = Int(a.width)
    let channels = Int(a.channels)
    var check = FiniteCheck()
    let (first, end) = Self.cut(a).range(unit)
    for pixel in first..<end {
      let row = pixel / width
      let column = pixel &- row &* width
      let output = a.output.unsafelyUnwrapped + (row &* a.output_row_stride &+ column &* a.output_pixel_stride)
      var channel = 0
      while channel < channels {
        let count = channels &- channel
        var sum = Vec(repeating: 0)
        for place in summands.indices {
          let summand = summands[place]
          let values =
            summand.values.unsafelyUnwrapped
            + (row &* summand.row_stride &+ column &* summand.pixel_stride &+ channel)
          // Not 0 + the first, which would lose its sign of zero.
          sum = place == 0 ? load(values, count: count) : sum + load(values, count: count)
        }
        check.take(sum)
        store(raise(sum, to: minimum), output + channel, count: count)
        channel &+= Vec.scalarCount
      }
    }
    check.report(to: findings)
  }
}
