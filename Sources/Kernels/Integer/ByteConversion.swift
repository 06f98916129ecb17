import CKernels

/// Between float32 and unsigned bytes.
struct ByteConversion {
  let arguments: gln_u8_conversion

  /// Units are ranges of pixels.
  @inline(__always)
  static func cut(_ arguments: gln_u8_conversion) -> WorkCut {
    WorkCut(items: Int(arguments.height) &* Int(arguments.width), threads: arguments.threads)
  }

  /// u8 = clamp(round(f32 × multiplier))
  func quantize(_ unit: Int32) {
    run(unit, of: Float.self, to: UInt8.self) { multiplier, from, place, count in
      storeRounded(load(from) * multiplier, place, count: count)
    }
  }

  /// f32 = u8 × multiplier
  func dequantize(_ unit: Int32, _ findings: UnsafeMutablePointer<gln_findings>) {
    var check = FiniteCheck()
    run(unit, of: UInt8.self, to: Float.self) { multiplier, from, place, count in
      let result = gln_to_floats(load(from)) * multiplier
      store(result, place, count: count)
      check.take(result, storedAt: place, count: count)
    }
    check.report(to: findings)
  }

  @inline(__always)
  private func run<Input, Output>(
    _ unit: Int32, of _: Input.Type, to _: Output.Type,
    _ convert: (Vec, UnsafePointer<Input>, UnsafeMutablePointer<Output>, _ count: Int) -> Void
  ) {
    let a = arguments
    let (first, end) = Self.cut(a).range(unit)
    let width = Int(a.width)
    let channels = Int(a.channels)
    let multiplier = Vec(repeating: a.multiplier)
    let allInput = a.input.unsafelyUnwrapped.assumingMemoryBound(to: Input.self)
    let allOutput = a.output.unsafelyUnwrapped.assumingMemoryBound(to: Output.self)
    for pixel in first..<end {
      let row = pixel / width
      let column = pixel &- row &* width
      let input = allInput + (row &* a.input_row_stride &+ column &* a.input_pixel_stride)
      let output = allOutput + (row &* a.output_row_stride &+ column &* a.output_pixel_stride)
      var channel = 0
      while channel &+ Vec.scalarCount <= channels {
        convert(multiplier, input + channel, output + channel, Vec.scalarCount)
        channel &+= Vec.scalarCount
      }
      if channel < channels { convert(multiplier, input + channel, output + channel, channels &- channel) }
    }
  }
}
