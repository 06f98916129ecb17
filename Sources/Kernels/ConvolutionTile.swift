import CKernels

/// The register tile of convolutions: `rows` × `columns` output pixels times `vectors` vectors of output channels.
enum ConvolutionTile<let rows: Int, let columns: Int, let vectors: Int> {
  /// Computes one tile.
  ///
  /// - Parameters:
  ///   - input: what the first tap of the first pixel reads.
  ///   - start: the sums' start values, `vectors` vectors.
  ///   - weights: for each tap and input channel `vectors` vectors.
  ///   - output: the first pixel's first channel.
  ///   - lastLanes: how many lanes of the last vector exist in the output.
  @inline(never)
  static func run(
    _ loop: UnsafePointer<TileLoop>, _ input: UnsafePointer<Float>, _ start: UnsafePointer<Vec>,
    _ weights: UnsafePointer<Vec>, _ output: UnsafeMutablePointer<Float>, _ lastLanes: Int
  ) {
    // Not init(repeating:), which becomes a function of its own outside this module's names: the linker could take it for another
    // tier's.
    var sums = InlineArray<rows, InlineArray<columns, InlineArray<vectors, Vec>>> { _ in
      InlineArray<columns, InlineArray<vectors, Vec>> { _ in InlineArray<vectors, Vec> { start[$0] } }
    }
    let rowStep = loop.pointee.inputRowStep
    let columnStep = loop.pointee.inputColumnStep
    let tapLength = loop.pointee.tapLength
    let prefetchStep = loop.pointee.prefetchStep
    var prefetch = loop.pointee.prefetch
    let lines = (vectors &* MemoryLayout<Vec>.size &+ 63) / 64
    var weights = weights
    for tapRow in 0..<loop.pointee.tapRows {
      for tapColumn in 0..<loop.pointee.tapColumns {
        var values = input + (tapRow &* loop.pointee.tapRowStep &+ tapColumn &* loop.pointee.tapColumnStep)
        for _ in 0..<tapLength {
          for line in 0..<lines {
            gln_prefetch(prefetch + line &* 64)
          }
          prefetch += prefetchStep
          for row in 0..<rows {
            for column in 0..<columns {
              let value = Vec(repeating: values[row &* rowStep &+ column &* columnStep])
              for vector in 0..<vectors { Tier.multiplyAdd(&sums[row][column][vector], value, weights[vector]) }
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
        let pixel = output + (row &* loop.pointee.outputRowStep &+ column &* loop.pointee.outputColumnStep)
        for vector in 0..<vectors {
          let result = raise(sums[row][column][vector], to: minimum)
          let place = pixel + vector &* Vec.scalarCount
          if vector &+ 1 < vectors { store(result, place) } else { store(result, place, count: lastLanes) }
        }
      }
    }
  }
}
