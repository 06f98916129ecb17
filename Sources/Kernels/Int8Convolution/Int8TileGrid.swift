/// The cut of rows × columns of output into register tiles.
struct Int8TileGrid {
  let height: Int
  let width: Int
  /// Rows of output that a tile spans.
  let tileRows: Int
  /// Tiles side by side in a row of output, of nearly equal width.
  let tilesAcross: Int
  let tilesDown: Int

  @inline(__always)
  init(height: Int, width: Int) {
    self.height = height
    self.width = width
    tileRows = width <= Int8Tier.pairedTileColumns && height > 1 ? 2 : 1
    let columns = tileRows == 2 ? Int8Tier.pairedTileColumns : Int8Tier.tileColumns
    tilesAcross = (width &+ columns &- 1) / columns
    tilesDown = (height &+ tileRows &- 1) / tileRows
  }

  @inline(__always)
  var count: Int { tilesAcross &* tilesDown }

  /// The rows and columns of a tile.
  @inline(__always)
  func tile(_ index: Int) -> (row: Int, rows: Int, column: Int, columns: Int) {
    let down = index / tilesAcross
    let across = index &- down &* tilesAcross
    let row = down &* tileRows
    let column = across &* width / tilesAcross
    return (
      row, Swift.min(tileRows, height &- row), column, (across &+ 1) &* width / tilesAcross &- column
    )
  }
}
