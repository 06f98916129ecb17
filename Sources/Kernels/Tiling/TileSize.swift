/// Carries the size of a register tile as a type: rows × columns output pixels times vectors of output channels.
enum TileSize<let rows: Int, let columns: Int, let vectors: Int> {}
