import CKernels

/// Turns the sums of tiles into outputs: a multiplication by the channel's multiplier, rounding, clamping, and stores
/// of exactly the channels that exist.
struct Int8Requantization {
  let output: UnsafeMutableRawPointer
  let outputType: gln_s8_output
  let minimum: Float
  /// From an output pixel to the one below and beside, in elements.
  let rowStep: Int
  let columnStep: Int

  init(_ arguments: gln_s8_convolution) {
    output = arguments.output.unsafelyUnwrapped
    outputType = arguments.output_type
    minimum = arguments.minimum
    rowStep = arguments.output_row_stride
    columnStep = arguments.output_pixel_stride
  }

  /// Stores the sums of rows × columns pixels and `vectors` vectors of channels.
  ///
  /// - Parameters:
  ///   - multipliers: a vector of floats for each of `vectors`.
  ///   - offset: the tile's first output, in elements.
  ///   - lastLanes: how many lanes of the last vector exist in the output.
  @inline(never)
  func store(
    _ sums: UnsafePointer<Sums>, _ multipliers: UnsafePointer<Sums>, rows: Int, columns: Int, vectors: Int, offset: Int,
    lastLanes: Int
  ) {
    switch outputType {
    case GLN_S8_OUTPUT_U8:
      forEach(sums, multipliers, rows, columns, vectors, output.assumingMemoryBound(to: UInt8.self) + offset, lastLanes)
      {
        Int8Tier.store($0, $1, count: $2)
      }
    case GLN_S8_OUTPUT_U16:
      forEach(
        sums, multipliers, rows, columns, vectors, output.assumingMemoryBound(to: UInt16.self) + offset, lastLanes
      ) {
        Int8Tier.store($0, $1, count: $2)
      }
    default:
      let minimum = Vec(repeating: minimum)
      forEach(sums, multipliers, rows, columns, vectors, output.assumingMemoryBound(to: Float.self) + offset, lastLanes)
      {
        storeFloats($0.replacing(with: minimum, where: $0 .< minimum), $1, count: $2)
      }
    }
  }

  /// Calls `store` for each vector, with the common numbers of vectors and lanes known to the compiler.
  @inline(__always)
  private func forEach<Element>(
    _ sums: UnsafePointer<Sums>, _ multipliers: UnsafePointer<Sums>, _ rows: Int, _ columns: Int, _ vectors: Int,
    _ output: UnsafeMutablePointer<Element>, _ lastLanes: Int,
    _ store: (Vec, UnsafeMutablePointer<Element>, _ count: Int) -> Void
  ) {
    let lanes = Vec.scalarCount
    let first = unsafeBitCast(multipliers[0], to: Vec.self)
    let last = unsafeBitCast(multipliers[vectors &- 1], to: Vec.self)
    var sums = sums
    for row in 0..<rows {
      var place = output + row &* rowStep
      if vectors == 1 {
        for _ in 0..<columns {
          store(Int8Tier.floats(sums[0]) * last, place, lastLanes)
          sums += 1
          place += columnStep
        }
      } else if lastLanes == lanes {
        for _ in 0..<columns {
          store(Int8Tier.floats(sums[0]) * first, place, lanes)
          store(Int8Tier.floats(sums[1]) * last, place + lanes, lanes)
          sums += 2
          place += columnStep
        }
      } else {
        for _ in 0..<columns {
          store(Int8Tier.floats(sums[0]) * first, place, lanes)
          store(Int8Tier.floats(sums[1]) * last, place + lanes, lastLanes)
          sums += 2
          place += columnStep
        }
      }
    }
  }
}

/// The free function, which the methods of that name hide.
@inline(__always)
private func storeFloats(_ vector: Vec, _ values: UnsafeMutablePointer<Float>, count: Int) {
  store(vector, values, count: count)
}
