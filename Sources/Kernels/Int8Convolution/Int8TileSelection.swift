/// Runs the register tile of the given size. What the tier's tiles do not reach is compiled away.
@inline(__always)
func runInt8Tile<Dot: Int8DotProduct>(
  _ dot: Dot.Type, rows: Int, columns: Int, vectors: Int, _ loop: UnsafePointer<Int8TileLoop>,
  _ input: UnsafeRawPointer, _ start: UnsafePointer<Sums>, _ weights: UnsafePointer<Sums>, _ ahead: UnsafeRawPointer,
  _ aheadStep: Int, _ results: UnsafeMutablePointer<Sums>, _ output: UnsafeMutableRawPointer?
) {
  switch (rows, vectors) {
  case (1, 1): runRow(dot, Int8Vectors<1>.self, columns, loop, input, start, weights, ahead, aheadStep, results, output)
  case (1, _): runRow(dot, Int8Vectors<2>.self, columns, loop, input, start, weights, ahead, aheadStep, results, output)
  case (_, 1):
    runRows(dot, Int8Vectors<1>.self, columns, loop, input, start, weights, ahead, aheadStep, results, output)
  default: runRows(dot, Int8Vectors<2>.self, columns, loop, input, start, weights, ahead, aheadStep, results, output)
  }
}

/// Carries the number of vectors of a tile as a type.
private enum Int8Vectors<let count: Int> {}

@inline(__always)
private func runRow<Dot: Int8DotProduct, let vectors: Int>(
  _: Dot.Type, _: Int8Vectors<vectors>.Type, _ columns: Int, _ loop: UnsafePointer<Int8TileLoop>,
  _ input: UnsafeRawPointer, _ start: UnsafePointer<Sums>, _ weights: UnsafePointer<Sums>, _ ahead: UnsafeRawPointer,
  _ aheadStep: Int, _ results: UnsafeMutablePointer<Sums>, _ output: UnsafeMutableRawPointer?
) {
  switch columns {
  case 1:
    Int8ConvolutionTile<Dot, 1, 1, vectors>.run(loop, input, start, weights, ahead, aheadStep, results, output)
  case 2:
    Int8ConvolutionTile<Dot, 1, 2, vectors>.run(loop, input, start, weights, ahead, aheadStep, results, output)
  case 3:
    Int8ConvolutionTile<Dot, 1, 3, vectors>.run(loop, input, start, weights, ahead, aheadStep, results, output)
  case 4:
    Int8ConvolutionTile<Dot, 1, 4, vectors>.run(loop, input, start, weights, ahead, aheadStep, results, output)
  case 5:
    Int8ConvolutionTile<Dot, 1, 5, vectors>.run(loop, input, start, weights, ahead, aheadStep, results, output)
  case 6:
    Int8ConvolutionTile<Dot, 1, 6, vectors>.run(loop, input, start, weights, ahead, aheadStep, results, output)
  case 7 where Int8Tier.tileColumns > 6:
    Int8ConvolutionTile<Dot, 1, 7, vectors>.run(loop, input, start, weights, ahead, aheadStep, results, output)
  case 8 where Int8Tier.tileColumns > 6:
    Int8ConvolutionTile<Dot, 1, 8, vectors>.run(loop, input, start, weights, ahead, aheadStep, results, output)
  case 9 where Int8Tier.tileColumns > 6:
    Int8ConvolutionTile<Dot, 1, 9, vectors>.run(loop, input, start, weights, ahead, aheadStep, results, output)
  case 10 where Int8Tier.tileColumns > 6:
    Int8ConvolutionTile<Dot, 1, 10, vectors>.run(loop, input, start, weights, ahead, aheadStep, results, output)
  case 11 where Int8Tier.tileColumns > 6:
    Int8ConvolutionTile<Dot, 1, 11, vectors>.run(loop, input, start, weights, ahead, aheadStep, results, output)
  case 12 where Int8Tier.tileColumns > 6:
    Int8ConvolutionTile<Dot, 1, 12, vectors>.run(loop, input, start, weights, ahead, aheadStep, results, output)
  case 13 where Int8Tier.tileColumns > 6:
    Int8ConvolutionTile<Dot, 1, 13, vectors>.run(loop, input, start, weights, ahead, aheadStep, results, output)
  default:
    if Int8Tier.tileColumns > 6 {
      Int8ConvolutionTile<Dot, 1, 14, vectors>.run(loop, input, start, weights, ahead, aheadStep, results, output)
    }
  }
}

@inline(__always)
private func runRows<Dot: Int8DotProduct, let vectors: Int>(
  _: Dot.Type, _: Int8Vectors<vectors>.Type, _ columns: Int, _ loop: UnsafePointer<Int8TileLoop>,
  _ input: UnsafeRawPointer, _ start: UnsafePointer<Sums>, _ weights: UnsafePointer<Sums>, _ ahead: UnsafeRawPointer,
  _ aheadStep: Int, _ results: UnsafeMutablePointer<Sums>, _ output: UnsafeMutableRawPointer?
) {
  switch columns {
  case 1:
    Int8ConvolutionTile<Dot, 2, 1, vectors>.run(loop, input, start, weights, ahead, aheadStep, results, output)
  case 2:
    Int8ConvolutionTile<Dot, 2, 2, vectors>.run(loop, input, start, weights, ahead, aheadStep, results, output)
  case 3:
    Int8ConvolutionTile<Dot, 2, 3, vectors>.run(loop, input, start, weights, ahead, aheadStep, results, output)
  case 4 where Int8Tier.tileColumns > 6:
    Int8ConvolutionTile<Dot, 2, 4, vectors>.run(loop, input, start, weights, ahead, aheadStep, results, output)
  case 5 where Int8Tier.tileColumns > 6:
    Int8ConvolutionTile<Dot, 2, 5, vectors>.run(loop, input, start, weights, ahead, aheadStep, results, output)
  case 6 where Int8Tier.tileColumns > 6:
    Int8ConvolutionTile<Dot, 2, 6, vectors>.run(loop, input, start, weights, ahead, aheadStep, results, output)
  default:
    if Int8Tier.tileColumns > 6 {
      Int8ConvolutionTile<Dot, 2, 7, vectors>.run(loop, input, start, weights, ahead, aheadStep, results, output)
    }
  }
}
