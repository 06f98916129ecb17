/// What all register tiles of a convolution have in common. Steps count floats.
struct TileLoop {
  /// The taps of the kernel: rows, columns, and the contiguous inputs of each.
  var tapRows: Int
  var tapColumns: Int
  var tapLength: Int
  /// From a tap's input to the next row's and the next column's.
  var tapRowStep: Int
  var tapColumnStep: Int
  /// From an output pixel's input to that of the pixel below and beside.
  var inputRowStep: Int
  var inputColumnStep: Int
  var outputRowStep: Int
  var outputColumnStep: Int
  var minimum: Float
  /// How many vectors of weights ahead the next weights are asked for from the outer caches or memory.
  var prefetchStep: Int
}
