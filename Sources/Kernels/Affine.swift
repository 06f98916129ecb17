import CKernels

/// y = max(x · scale + shift, minimum) for each channel.
struct Affine {
  let arguments: gln_f32_affine

  /// Units are ranges of pixels.
  @inline(__always)
  static func cut(_ arguments: gln_f32_affine) -> WorkCut {
    WorkCut(items: Int(arguments.height) &* Int(arguments.width), threads: arguments.threads)
  }

  func run(_ unit: Int32, _ findings: UnsafeMutablePointer<gln_findings>) {
    switch (arguments.scale, arguments.shift) {
    case (.some(let scale), .some(let shift)):
      run(unit, findings) { value, channel, count in
        multiplyAdd(value, load(scale + channel, count: count), load(shift + channel, count: count))
      }
    case (.some(let scale), nil):
      run(unit, findings) { value, channel, count in value * load(scale + channel, count: count) }
    case (nil, .some(let shift)):
      run(unit, findings) { value, channel, count in value + load(shift + channel, count: count) }
    case (nil, nil):
      run(unit, findings) { value, _, _ in value }
    }
  }

  @inline(__always)
  private func run(
    _ unit: Int32, _ findings: UnsafeMutablePointer<gln_findings>, _ map: (Vec, _ channel: Int, _ count: Int) -> Vec
  ) {
    let a = arguments
    let (first, end) = Self.cut(a).range(unit)
    let width = Int(a.width)
    let channels = Int(a.channels)
    let minimum = Vec(repeating: a.minimum)
    var check = FiniteCheck()
    for pixel in first..<end {
      let row = pixel / width
      let column = pixel &- row &* width
      let input = a.input.unsafelyUnwrapped + (row &* a.input_row_stride &+ column &* a.input_pixel_stride)
      let output = a.output.unsafelyUnwrapped + (row &* a.output_row_stride &+ column &* a.output_pixel_stride)
      var channel = 0
      while channel &+ Vec.scalarCount <= channels {
        let result = map(load(input + channel), channel, Vec.scalarCount)
        check.take(result)
        store(raise(result, to: minimum), output + channel)
        channel &+= Vec.scalarCount
      }
      if channel < channels {
        let rest = channels &- channel
        // Zeros in the other lanes become zeros.
        let result = map(load(input + channel, count: rest), channel, rest)
        check.take(result)
        store(raise(result, to: minimum), output + channel, count: rest)
      }
    }
    check.report(to: findings)
  }
}
