import CKernels

/// Turns the sums of tiles into outputs: a multiplication by the channel's multiplier, rounding, clamping, and stores
/// of exactly the channels that exist. Floats are checked, and lanes past the last channel are zeros.
struct Requantization {
  let output: UnsafeMutableRawPointer
  let outputType: gln_integer_output
  let minimum: Float
  /// From an output pixel to the one below and beside, in elements.
  let rowStep: Int
  let columnStep: Int
  let findings: UnsafeMutablePointer<gln_findings>

  init(_ arguments: gln_integer_convolution, _ findings: UnsafeMutablePointer<gln_findings>) {
    self.findings = findings
    output = arguments.output.unsafelyUnwrapped
    outputType = arguments.output_type
    minimum = arguments.minimum
    rowStep = arguments.output_row_stride
    columnStep = arguments.output_pixel_stride
  }

  /// The channel that a lane of a block's packed biases, multipliers and weights belongs to. Integers of two vectors are stored together,
  /// runs of the first and of the second in turn; all else is in order.
  @inline(__always)
  static func channel(ofLane lane: Int, vectors: Int, _ outputType: gln_integer_output) -> Int {
    guard vectors == 2, outputType != GLN_INTEGER_OUTPUT_F32 else { return lane }
    let vector = lane / Vec.scalarCount
    let place = lane &- vector &* Vec.scalarCount
    let run = Tier.narrowedRun
    return (2 &* (place / run) &+ vector) &* run &+ place % run
  }

  /// Stores the sums of rows × columns pixels and `vectors` vectors of channels, at most two.
  ///
  /// - Parameters:
  ///   - multipliers: a vector of floats for each of `vectors`.
  ///   - offset: the tile's first output, in elements.
  ///   - lanes: how many of the vectors' lanes exist in the output.
  @inline(never)
  func store(
    _ sums: UnsafePointer<Sums>, _ multipliers: UnsafePointer<Sums>, rows: Int, columns: Int, vectors: Int, offset: Int,
    lanes: Int
  ) {
    switch outputType {
    case GLN_INTEGER_OUTPUT_U8:
      let output = output.assumingMemoryBound(to: UInt8.self) + offset
      if vectors == 1 {
        forEachVector(sums, multipliers, rows, columns, output) { storeRounded($0, $1, count: lanes) }
      } else {
        forEachPair(sums, multipliers, rows, columns, output) { storeRoundedRuns($0, $1, $2, count: lanes) }
      }
    case GLN_INTEGER_OUTPUT_U16:
      let output = output.assumingMemoryBound(to: UInt16.self) + offset
      if vectors == 1 {
        forEachVector(sums, multipliers, rows, columns, output) { storeRounded($0, $1, count: lanes) }
      } else {
        forEachPair(sums, multipliers, rows, columns, output) { storeRoundedRuns($0, $1, $2, count: lanes) }
      }
    default:
      let output = output.assumingMemoryBound(to: Float.self) + offset
      let minimum = Vec(repeating: minimum)
      var check = FiniteCheck()
      if vectors == 1 {
        forEachVector(sums, multipliers, rows, columns, output) {
          check.take($0)
          storeFloats($0, minimum, $1, count: lanes)
        }
      } else {
        let width = Vec.scalarCount
        forEachPair(sums, multipliers, rows, columns, output) {
          check.take($0)
          check.take($1)
          storeFloats($0, minimum, $2, count: width)
          storeFloats($1, minimum, $2 + width, count: lanes &- width)
        }
      }
      check.report(to: findings)
    }
  }

  /// Calls `store` for each pixel of a tile of one vector of channels.
  @inline(__always)
  private func forEachVector<Element>(
    _ sums: UnsafePointer<Sums>, _ multipliers: UnsafePointer<Sums>, _ rows: Int, _ columns: Int,
    _ output: UnsafeMutablePointer<Element>, _ store: (Vec, UnsafeMutablePointer<Element>) -> Void
  ) {
    let multiplier = unsafeBitCast(multipliers[0], to: Vec.self)
    var sums = sums
    for row in 0..<rows {
      var place = output + row &* rowStep
      for _ in 0..<columns {
        store(gln_to_floats(sums[0]) * multiplier, place)
        sums += 1
        place += columnStep
      }
    }
  }

  /// Calls `store` for each pixel of a tile of two vectors of channels.
  @inline(__always)
  private func forEachPair<Element>(
    _ sums: UnsafePointer<Sums>, _ multipliers: UnsafePointer<Sums>, _ rows: Int, _ columns: Int,
    _ output: UnsafeMutablePointer<Element>, _ store: (Vec, Vec, UnsafeMutablePointer<Element>) -> Void
  ) {
    let first = unsafeBitCast(multipliers[0], to: Vec.self)
    let second = unsafeBitCast(multipliers[1], to: Vec.self)
    var sums = sums
    for row in 0..<rows {
      var place = output + row &* rowStep
      for _ in 0..<columns {
        store(gln_to_floats(sums[0]) * first, gln_to_floats(sums[1]) * second, place)
        sums += 2
        place += columnStep
      }
    }
  }
}

/// Stores the larger of each value and the minimum. Outside the type, whose method hides the function that it calls.
@inline(__always)
private func storeFloats(_ vector: Vec, _ minimum: Vec, _ values: UnsafeMutablePointer<Float>, count: Int) {
  store(vector.replacing(with: minimum, where: vector .< minimum), values, count: count)
}
