import CKernels

/// Turns the sums of tiles into outputs: a multiplication by the channel's multiplier, rounding, clamping, and stores of exactly
/// the channels that exist.
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
    for vector in 0..<vectors {
      let lanes = vector &+ 1 < vectors ? Vec.scalarCount : lastLanes
      let multiplier = unsafeBitCast(multipliers[vector], to: Vec.self)
      let first = offset &+ vector &* Vec.scalarCount
      for row in 0..<rows {
        let start = first &+ row &* rowStep
        let values = sums + (row &* columns &* vectors &+ vector)
        switch outputType {
        case GLN_S8_OUTPUT_U8:
          let place = output.assumingMemoryBound(to: UInt8.self) + start
          forEach(values, columns, vectors, multiplier, place, lanes) { Int8Tier.store($0, $1, count: $2) }
        case GLN_S8_OUTPUT_U16:
          let place = output.assumingMemoryBound(to: UInt16.self) + start
          forEach(values, columns, vectors, multiplier, place, lanes) { Int8Tier.store($0, $1, count: $2) }
        default:
          let place = output.assumingMemoryBound(to: Float.self) + start
          let minimum = Vec(repeating: minimum)
          forEach(values, columns, vectors, multiplier, place, lanes) { value, place, count in
            storeFloats(value.replacing(with: minimum, where: value .< minimum), place, count: count)
          }
        }
      }
    }
  }

  @inline(__always)
  private func forEach<Element>(
    _ sums: UnsafePointer<Sums>, _ columns: Int, _ vectors: Int, _ multiplier: Vec, _ place: UnsafeMutablePointer<Element>,
    _ lanes: Int, _ store: (Vec, UnsafeMutablePointer<Element>, _ count: Int) -> Void
  ) {
    if lanes == Vec.scalarCount {
      for column in 0..<columns {
        store(
          Int8Tier.floats(sums[column &* vectors]) * multiplier, place + column &* columnStep, Vec.scalarCount)
      }
    } else {
      for column in 0..<columns {
        store(Int8Tier.floats(sums[column &* vectors]) * multiplier, place + column &* columnStep, lanes)
      }
    }
  }
}

/// The free function, which the methods of that name hide.
@inline(__always)
private func storeFloats(_ vector: Vec, _ values: UnsafeMutablePointer<Float>, count: Int) {
  store(vector, values, count: count)
}
