/// The cut of a convolution's register tiles, so many for each block of output channels, into units.
struct TileCut {
  /// Tiles of a block.
  let tiles: Int
  let blocks: Int
  /// Whether units are ranges of tiles for all blocks, so that a thread mostly reads what it wrote itself; of few tiles, ranges of
  /// blocks, so that it reads its own part of the weights.
  let splitsPixels: Bool
  private let cut: WorkCut

  @inline(__always)
  init(tiles: Int, blocks: Int, threads: Int32, unitsPerThread: Int = 4) {
    self.tiles = tiles
    self.blocks = blocks
    splitsPixels = tiles >= 4 &* Int(threads)
    cut = WorkCut(
      items: splitsPixels ? tiles : tiles &* blocks, threads: threads, unitsPerThread: unitsPerThread)
  }

  @inline(__always)
  var units: Int { cut.units }

  /// The first block that a unit computes tiles of.
  @inline(__always)
  func firstBlock(of unit: Int32) -> Int { splitsPixels ? 0 : cut.range(unit).first / tiles }

  /// The last block that a unit computes tiles of.
  @inline(__always)
  func lastBlock(of unit: Int32) -> Int { splitsPixels ? blocks &- 1 : (cut.range(unit).end &- 1) / tiles }

  /// Calls `run` with each block and a range of its tiles that belong to a unit, block by block.
  @inline(__always)
  func forEachRun(of unit: Int32, _ run: (_ block: Int, _ firstTile: Int, _ endTile: Int) -> Void) {
    let (first, end) = cut.range(unit)
    if splitsPixels {
      for block in 0..<blocks { run(block, first, end) }
      return
    }
    var item = first
    while item < end {
      let block = item / tiles
      let firstTile = item &- block &* tiles
      let endTile = Swift.min(tiles, firstTile &+ end &- item)
      run(block, firstTile, endTile)
      item &+= endTile &- firstTile
    }
  }
}
