import CKernels

/// The register tile of a convolution with one output pixel (a matrix times a vector): several blocks of output channels
/// at once, for enough independent sums and streams of weights.
enum VectorTile<let blocks: Int, let vectors: Int> {
  /// Computes `blocks` neighbouring full blocks, `blockStep` vectors apart in `packed`, which hold bias and weights.
  @inline(never)
  static func run(
    _ loop: UnsafePointer<TileLoop>, _ input: UnsafePointer<Float>, _ packed: UnsafePointer<Vec>, _ blockStep: Int,
    _ output: UnsafeMutablePointer<Float>
  ) {
    var sums = InlineArray<blocks, InlineArray<vectors, Vec>> { block in
      InlineArray<vectors, Vec> { packed[block &* blockStep &+ $0] }
    }
    var weights = packed + vectors
    for tapRow in 0..<loop.pointee.tapRows {
      for tapColumn in 0..<loop.pointee.tapColumns {
        var values = input + (tapRow &* loop.pointee.tapRowStep &+ tapColumn &* loop.pointee.tapColumnStep)
        for _ in 0..<loop.pointee.tapLength {
          let value = Vec(repeating: values.pointee)
          for block in 0..<blocks {
            for vector in 0..<vectors {

              sums[block][vector] = gln_multiply_add(
                value, weights[block &* blockStep &+ vector], sums[block][vector])

            }
          }
          values += 1
          weights += vectors
        }
      }
    }
    let minimum = Vec(repeating: loop.pointee.minimum)
    var check = FiniteCheck()
    for block in 0..<blocks {
      for vector in 0..<vectors {
        check.take(sums[block][vector])
        let channel = (block &* vectors &+ vector) &* Vec.scalarCount
        store(raise(sums[block][vector], to: minimum), output + channel)
      }
    }
    if let findings = loop.pointee.findings { check.report(to: findings) }
  }
}
