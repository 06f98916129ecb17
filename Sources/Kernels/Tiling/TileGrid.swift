/// The cut of rows × columns of output into register tiles.
struct TileGrid {
  let height: Int
  let width: Int
  /// Rows of output that a tile spans.
  let tileRows: Int
  /// Tiles side by side in a row of output, of nearly equal width.
  let tilesAcross: Int
  let tilesDown: Int
  /// Columns of the narrower tiles, and how many tiles at the left have one more.
  private let columns: Int
  private let widerTiles: Int

  @inline(__always)
  init(height: Int, width: Int) {
    self.height = height
    self.width = width
    tileRows = width == Tier.pairedTileColumns && height > 1 ? 2 : 1
    tilesAcross = (width &+ Tier.tileColumns &- 1) / Tier.tileColumns
    tilesDown = (height &+ tileRows &- 1) / tileRows
    self.columns = width / tilesAcross
    widerTiles = width &- self.columns &* tilesAcross
  }

  @inline(__always)
  var count: Int { tilesAcross &* tilesDown }

  /// The rows and columns of a tile.
  @inline(__always)
  func tile(_ index: Int) -> (row: Int, rows: Int, column: Int, columns: Int) {
    let down = Int(UInt32(truncatingIfNeeded: index) / UInt32(truncatingIfNeeded: tilesAcross))
    let across = index &- down &* tilesAcross
    let row = down &* tileRows
    return (
      row, Swift.min(tileRows, height &- row), across &* columns &+ Swift.min(across, widerTiles),
      columns &+ (across < widerTiles ? 1 : 0)
    )
  }
}
