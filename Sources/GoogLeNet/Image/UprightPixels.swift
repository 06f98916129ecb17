/// The pixels of an image in the order in which they are seen, read where they lie.
struct UprightPixels {
  let width: Int
  let height: Int
  private let first: UnsafePointer<UInt8>
  /// Bytes from a pixel to the one on its right and to the one below.
  private let columnStep: Int
  private let rowStep: Int

  init(_ image: Image) {
    let orientation = image.orientation
    width = orientation.swapsSides ? image.height : image.width
    height = orientation.swapsSides ? image.width : image.height
    let pixel = image.format.bytesPerPixel
    let alongRow = orientation.swapsSides ? image.rowStride : pixel
    let alongColumn = orientation.swapsSides ? pixel : image.rowStride
    columnStep = orientation.reversesColumns ? -alongRow : alongRow
    rowStep = orientation.reversesRows ? -alongColumn : alongColumn
    first =
      image.pixels.assumingMemoryBound(to: UInt8.self)
      + (orientation.reversesColumns ? (width - 1) * alongRow : 0)
      + (orientation.reversesRows ? (height - 1) * alongColumn : 0)
  }

  @inline(__always)
  func pixel(row: Int, column: Int) -> UnsafePointer<UInt8> {
    first + (row &* rowStep &+ column &* columnStep)
  }
}
