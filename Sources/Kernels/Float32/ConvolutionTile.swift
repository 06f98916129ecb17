import CKernels

/// The register tile of float32 convolutions.
enum ConvolutionTile: RegisterTile {
  struct Arguments {
    let loop: UnsafePointer<TileLoop>
    /// What the first tap of the first pixel reads.
    let input: UnsafePointer<Float>
    /// The sums' start values, a vector for each of the tile's.
    let start: UnsafePointer<Vec>
    /// For each tap and input channel as many vectors.
    let weights: UnsafePointer<Vec>
    /// The first pixel's first channel.
    let output: UnsafeMutablePointer<Float>
    /// How many lanes of the last vector exist in the output.
    let lastLanes: Int
  }

  @inline(never)
  static func run<let rows: Int, let columns: Int, let vectors: Int>(
    _: TileSize<rows, columns, vectors>.Type, _ arguments: Arguments
  ) {
    let loop = arguments.loop
    // Not init(repeating:), which becomes a function of its own outside this module's names: the linker could take it for another
    // tier's.
    var sums = InlineArray<rows, InlineArray<columns, InlineArray<vectors, Vec>>> { _ in
      InlineArray<columns, InlineArray<vectors, Vec>> { _ in InlineArray<vectors, Vec> { arguments.start[$0] } }
    }
    let rowStep = loop.pointee.inputRowStep
    let columnStep = loop.pointee.inputColumnStep
    let tapLength = loop.pointee.tapLength
    let prefetchStep = loop.pointee.prefetchStep
    var prefetch = loop.pointee.prefetch
    let lines = (vectors &* MemoryLayout<Vec>.size &+ 63) / 64
    var weights = arguments.weights
    for tapRow in 0..<loop.pointee.tapRows {
      for tapColumn in 0..<loop.pointee.tapColumns {
        var values = arguments.input + (tapRow &* loop.pointee.tapRowStep &+ tapColumn &* loop.pointee.tapColumnStep)
        for _ in 0..<tapLength {
          for line in 0..<lines {
            gln_prefetch(prefetch + line &* 64)
          }
          prefetch += prefetchStep
          for row in 0..<rows {
            for column in 0..<columns {
              let value = Vec(repeating: values[row &* rowStep &+ column &* columnStep])
              for vector in 0..<vectors {
                sums[row][column][vector] = gln_multiply_add(value, weights[vector], sums[row][column][vector])
              }
            }
          }
          values += 1
          weights += vectors
        }
      }
    }
    if let findings = loop.pointee.findings {
      // Lanes past the last channel are sums of zeros.
      var checks = InlineArray<vectors, FiniteCheck> { _ in FiniteCheck() }
      for row in 0..<rows {
        for column in 0..<columns {
          for vector in 0..<vectors { checks[vector].take(sums[row][column][vector]) }
        }
      }
      for vector in 0..<vectors { checks[vector].report(to: findings) }
    }
    let minimum = Vec(repeating: loop.pointee.minimum)
    for row in 0..<rows {
      for column in 0..<columns {
        let pixel = arguments.output + (row &* loop.pointee.outputRowStep &+ column &* loop.pointee.outputColumnStep)
        for vector in 0..<vectors {
          let result = raise(sums[row][column][vector], to: minimum)
          let place = pixel + vector &* Vec.scalarCount
          if vector &+ 1 < vectors { store(result, place) } else { store(result, place, count: arguments.lastLanes) }
        }
      }
    }
  }
}
