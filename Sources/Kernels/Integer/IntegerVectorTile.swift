/// The register tile of an integer convolution with one output pixel (a matrix times a vector): several blocks of output
/// channels at once, for enough independent sums and streams of weights.
enum IntegerVectorTile<Dot: DotProduct, let blocks: Int, let vectors: Int> {
  /// Computes the sums of `blocks` neighbouring full blocks, which are `blockStep` vectors apart in `packed`.
  @inline(never)
  static func run(
    _ loop: UnsafePointer<IntegerTileLoop>, _ input: UnsafeRawPointer, _ packed: UnsafePointer<Sums>, _ blockStep: Int,
    _ results: UnsafeMutablePointer<Sums>
  ) {
    var sums = InlineArray<blocks, InlineArray<vectors, Sums>> { block in
      InlineArray<vectors, Sums> { packed[block &* blockStep &+ $0] }
    }
    var weights = packed + 2 &* vectors
    for tapRow in 0..<loop.pointee.tapRows {
      for tapColumn in 0..<loop.pointee.tapColumns {
        var values = input + (tapRow &* loop.pointee.tapRowStep &+ tapColumn &* loop.pointee.tapColumnStep)
        for _ in 0..<loop.pointee.tapGroups {
          let group = Sums(repeating: values.loadUnaligned(as: Int32.self))
          for block in 0..<blocks {
            for vector in 0..<vectors {
              Dot.add(&sums[block][vector], group, weights[block &* blockStep &+ vector])
            }
          }
          values += 4
          weights += vectors
        }
      }
    }
    for block in 0..<blocks {
      for vector in 0..<vectors { results[block &* vectors &+ vector] = sums[block][vector] }
    }
  }
}
