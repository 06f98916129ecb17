import CKernels

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
  /// Where sums that are not finite are reported; nil where they are no outputs yet.
  var findings: UnsafeMutablePointer<gln_findings>?
  /// Weights that are needed after these tiles: each step of a tile asks for a cache line or two here, and the next step
  /// `prefetchStep` bytes further on. Weights are read once an image, so they come from the outermost cache or from memory.
  var prefetch: UnsafeRawPointer
  var prefetchStep: Int
}
