/// A kind of register tile: computes the outputs of a few pixels and vectors of channels, whose sums stay in registers.
protocol RegisterTile {
  /// What a tile needs to know besides its size.
  associatedtype Arguments

  /// Computes one tile.
  static func run<let rows: Int, let columns: Int, let vectors: Int>(
    _ size: TileSize<rows, columns, vectors>.Type, _ arguments: Arguments)
}

extension RegisterTile {
  /// Computes one tile of one row, or two rows of `Tier.pairedTileColumns`, and one vector or two. Sizes that the tier's tiles do not
  /// reach are compiled away.
  // One function, not a part of each caller: it is large, and its jump costs little beside a tile.
  @inline(never)
  static func run(rows: Int, columns: Int, vectors: Int, _ arguments: Arguments) {
    if vectors == 1 {
      run(rows, columns, Vectors<1>.self, arguments)
    } else {
      run(rows, columns, Vectors<2>.self, arguments)
    }
  }

  @inline(__always)
  private static func run<let vectors: Int>(
    _ rows: Int, _ columns: Int, _: Vectors<vectors>.Type, _ arguments: Arguments
  ) {
    if rows == 2 {
      runPair(Vectors<vectors>.self, arguments)
      return
    }
    switch columns {
    case 1 where 1 <= Tier.tileColumns: run(TileSize<1, 1, vectors>.self, arguments)
    case 2 where 2 <= Tier.tileColumns: run(TileSize<1, 2, vectors>.self, arguments)
    case 3 where 3 <= Tier.tileColumns: run(TileSize<1, 3, vectors>.self, arguments)
    case 4 where 4 <= Tier.tileColumns: run(TileSize<1, 4, vectors>.self, arguments)
    case 5 where 5 <= Tier.tileColumns: run(TileSize<1, 5, vectors>.self, arguments)
    case 6 where 6 <= Tier.tileColumns: run(TileSize<1, 6, vectors>.self, arguments)
    case 7 where 7 <= Tier.tileColumns: run(TileSize<1, 7, vectors>.self, arguments)
    case 8 where 8 <= Tier.tileColumns: run(TileSize<1, 8, vectors>.self, arguments)
    case 9 where 9 <= Tier.tileColumns: run(TileSize<1, 9, vectors>.self, arguments)
    case 10 where 10 <= Tier.tileColumns: run(TileSize<1, 10, vectors>.self, arguments)
    case 11 where 11 <= Tier.tileColumns: run(TileSize<1, 11, vectors>.self, arguments)
    case 12 where 12 <= Tier.tileColumns: run(TileSize<1, 12, vectors>.self, arguments)
    case 13 where 13 <= Tier.tileColumns: run(TileSize<1, 13, vectors>.self, arguments)
    case 14 where 14 <= Tier.tileColumns: run(TileSize<1, 14, vectors>.self, arguments)
    default: break
    }
  }

  @inline(__always)
  private static func runPair<let vectors: Int>(_: Vectors<vectors>.Type, _ arguments: Arguments) {
    switch Tier.pairedTileColumns {
    case 2: run(TileSize<2, 2, vectors>.self, arguments)
    case 3: run(TileSize<2, 3, vectors>.self, arguments)
    case 4: run(TileSize<2, 4, vectors>.self, arguments)
    case 5: run(TileSize<2, 5, vectors>.self, arguments)
    case 6: run(TileSize<2, 6, vectors>.self, arguments)
    default: run(TileSize<2, 7, vectors>.self, arguments)
    }
  }
}
