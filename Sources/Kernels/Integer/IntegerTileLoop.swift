/// What all register tiles of an integer convolution have in common. Steps count bytes.
struct IntegerTileLoop {
  /// The taps of the kernel: rows, columns, and the groups of contiguous inputs of each.
  var tapRows: Int
  var tapColumns: Int
  var tapGroups: Int
  /// From a tap's input to the next row's and the next column's.
  var tapRowStep: Int
  var tapColumnStep: Int
  /// From an output pixel's input to that of the pixel below and beside.
  var inputRowStep: Int
  var inputColumnStep: Int
  /// From an output pixel to the one below and beside, in bytes of output.
  var outputRowStep: Int
  var outputColumnStep: Int
  /// Whether outputs are 16-bit integers, not bytes.
  var writesWords: Bool
}
