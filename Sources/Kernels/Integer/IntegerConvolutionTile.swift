import CKernels

/// The register tile of integer convolutions: exact sums.
enum IntegerConvolutionTile<Dot: DotProduct>: RegisterTile {
  struct Arguments {
    let loop: UnsafePointer<IntegerTileLoop>
    /// What the first tap of the first pixel reads.
    let input: UnsafeRawPointer
    /// What sums begin with, a vector for each of the tile's; with an `output`, as many of multipliers follow.
    let start: UnsafePointer<Sums>
    /// As many vectors for each tap and group of inputs.
    let weights: UnsafePointer<Sums>
    /// Weights that a later tile reads: asked for a cache line, `aheadStep` bytes further each time, for each group.
    let ahead: UnsafeRawPointer
    let aheadStep: Int
    /// Receives rows × columns × vectors vectors of sums.
    let results: UnsafeMutablePointer<Sums>
    /// For a largest tile, where its outputs go, which then are stored here, without a way through memory; `results` gets nothing.
    var output: UnsafeMutableRawPointer?
  }

  @inline(never)
  static func run<let rows: Int, let columns: Int, let vectors: Int>(
    _: TileSize<rows, columns, vectors>.Type, _ arguments: Arguments
  ) {
    var sums = InlineArray<rows, InlineArray<columns, InlineArray<vectors, Sums>>> { _ in
      InlineArray<columns, InlineArray<vectors, Sums>> { _ in InlineArray<vectors, Sums> { arguments.start[$0] } }
    }
    let loop = arguments.loop
    let rowStep = loop.pointee.inputRowStep
    let columnStep = loop.pointee.inputColumnStep
    let tapGroups = loop.pointee.tapGroups
    var weights = arguments.weights
    var ahead = arguments.ahead
    for tapRow in 0..<loop.pointee.tapRows {
      for tapColumn in 0..<loop.pointee.tapColumns {
        var values = arguments.input + (tapRow &* loop.pointee.tapRowStep &+ tapColumn &* loop.pointee.tapColumnStep)
        for _ in 0..<tapGroups {
          gln_prefetch_later(ahead)
          ahead += arguments.aheadStep
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
    if rows &* columns == Tier.tileColumns, vectors == 2, let output = arguments.output {
      let first = unsafeBitCast(arguments.start[vectors], to: Vec.self)
      let second = unsafeBitCast(arguments.start[vectors &+ 1], to: Vec.self)
      let lanes = 2 &* Vec.scalarCount
      for row in 0..<rows {
        for column in 0..<columns {
          let place = output + (row &* loop.pointee.outputRowStep &+ column &* loop.pointee.outputColumnStep)
          let low = gln_to_floats(sums[row][column][0]) * first
          let high = gln_to_floats(sums[row][column][vectors &- 1]) * second
          if loop.pointee.writesWords {
            storeRoundedRuns(low, high, place.assumingMemoryBound(to: UInt16.self), count: lanes)
          } else {
            storeRoundedRuns(low, high, place.assumingMemoryBound(to: UInt8.self), count: lanes)
          }
        }
      }
      return
    }
    for row in 0..<rows {
      for column in 0..<columns {
        for vector in 0..<vectors {
          arguments.results[(row &* columns &+ column) &* vectors &+ vector] = sums[row][column][vector]
        }
      }
    }
  }
}
