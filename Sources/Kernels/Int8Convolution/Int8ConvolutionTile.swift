import CKernels

/// The register tile of int8 convolutions: `rows` × `columns` output pixels times `vectors` vectors of output channels.
enum Int8ConvolutionTile<Dot: Int8DotProduct, let rows: Int, let columns: Int, let vectors: Int> {
  /// Computes the exact sums of one tile.
  ///
  /// - Parameters:
  ///   - input: what the first tap of the first pixel reads.
  ///   - start: `vectors` vectors of what sums begin with; with an `output`, as many of multipliers follow.
  ///   - weights: as many vectors for each tap and group of inputs.
  ///   - ahead: weights that a later tile reads: asked for a cache line, `aheadStep` bytes further each time, for each
  ///     group.
  ///   - results: receives rows × columns × vectors vectors of sums.
  ///   - output: for a largest tile, where its outputs go, which then are stored here, without a way through memory; `results` gets
  ///     nothing.
  @inline(never)
  static func run(
    _ loop: UnsafePointer<Int8TileLoop>, _ input: UnsafeRawPointer, _ start: UnsafePointer<Sums>,
    _ weights: UnsafePointer<Sums>, _ ahead: UnsafeRawPointer, _ aheadStep: Int,
    _ results: UnsafeMutablePointer<Sums>, _ output: UnsafeMutableRawPointer?
  ) {
    var sums = InlineArray<rows, InlineArray<columns, InlineArray<vectors, Sums>>> { _ in
      InlineArray<columns, InlineArray<vectors, Sums>> { _ in InlineArray<vectors, Sums> { start[$0] } }
    }
    let rowStep = loop.pointee.inputRowStep
    let columnStep = loop.pointee.inputColumnStep
    let tapGroups = loop.pointee.tapGroups
    var weights = weights
    var ahead = ahead
    for tapRow in 0..<loop.pointee.tapRows {
      for tapColumn in 0..<loop.pointee.tapColumns {
        var values = input + (tapRow &* loop.pointee.tapRowStep &+ tapColumn &* loop.pointee.tapColumnStep)
        for _ in 0..<tapGroups {
          gln_prefetch_later(ahead)
          ahead += aheadStep
          for row in 0..<rows {
            for column in 0..<columns {
              let group = (values + (row &* rowStep &+ column &* columnStep)).loadUnaligned(as: Int32.self)
              for vector in 0..<vectors {
                Dot.add(&sums[row][column][vector], Sums(repeating: group), weights[vector])
              }
            }
          }
          values += 4
          weights += vectors
        }
      }
    }
    if rows &* columns == Int8Tier.tileColumns, vectors == 2, let output {
      let first = unsafeBitCast(start[vectors], to: Vec.self)
      let second = unsafeBitCast(start[vectors &+ 1], to: Vec.self)
      let lanes = 2 &* Vec.scalarCount
      for row in 0..<rows {
        for column in 0..<columns {
          let place = output + (row &* loop.pointee.outputRowStep &+ column &* loop.pointee.outputColumnStep)
          let low = Int8Tier.floats(sums[row][column][0]) * first
          let high = Int8Tier.floats(sums[row][column][vectors &- 1]) * second
          if loop.pointee.writesWords {
            Int8Tier.storeFours(low, high, place.assumingMemoryBound(to: UInt16.self), count: lanes)
          } else {
            Int8Tier.storeFours(low, high, place.assumingMemoryBound(to: UInt8.self), count: lanes)
          }
        }
      }
      return
    }
    for row in 0..<rows {
      for column in 0..<columns {
        for vector in 0..<vectors {
          results[(row &* columns &+ column) &* vectors &+ vector] = sums[row][column][vector]
        }
      }
    }
  }
}
