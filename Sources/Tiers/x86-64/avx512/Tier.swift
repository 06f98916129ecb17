/// AVX-512: 32 registers of 16 values, fused multiply-add, masked memory access.
enum Tier {
  /// Output pixels of a register tile: 14 × 2 sums, 2 weights and the broadcast input leave one register free.
  @inline(__always) static var tileColumns: Int { 14 }
  /// Output pixels a row of a register tile that spans two rows, for narrow images.
  @inline(__always) static var pairedTileColumns: Int { 7 }
  /// Vectors of output channels of a register tile.
  @inline(__always) static var tileVectors: Int { 2 }
  /// Values of one vector that follow each other where two are narrowed together, as packing instructions leave them.
  @inline(__always) static var narrowedRun: Int { 4 }
  /// Steps that make 1 / √x right to float accuracy: the instruction has 14 bits.
  @inline(__always) static var newtonSteps: Int { 1 }
}

/// Products by bytes would saturate: they are made of 16-bit numbers, as those by 16-bit weights.
typealias ByteDot = WordDot
