/// A picture of 1 to `sideLimit` pixels each way, 8 bits a channel, in the caller's memory.
public struct Image {
  public let pixels: UnsafeRawPointer
  /// Of the rows in memory, whatever the orientation.
  public let width: Int
  public let height: Int
  /// Bytes from a row to the next.
  public let rowStride: Int
  public let format: PixelFormat
  public let orientation: Orientation

  public static let sideLimit = ModelLimits.pictureSide

  /// - Parameter rowStride: at least `width` times the bytes per pixel; 0 for exactly that.
  public init(
    pixels: UnsafeRawPointer?, width: Int, height: Int, rowStride: Int = 0, format: PixelFormat,
    orientation: Orientation = .upright
  ) throws(GoogLeNetError) {
    guard let pixels else { throw GoogLeNetError(.invalidArgument, "image.pixels is NULL") }
    guard 1...Image.sideLimit ~= width, 1...Image.sideLimit ~= height else {
      throw GoogLeNetError(
        .invalidArgument, "an image of \(width) x \(height) pixels: each side must be 1 to \(Image.sideLimit)")
    }
    let packed = width * format.bytesPerPixel
    guard rowStride == 0 || rowStride >= packed else {
      throw GoogLeNetError(
        .invalidArgument,
        "image.row_stride is \(rowStride) bytes: \(width) pixels of \(format.bytesPerPixel) bytes need at least \(packed)"
      )
    }
    let stride = rowStride == 0 ? packed : rowStride
    guard AddressSpace.holds(height, of: stride, from: pixels) else {
      throw GoogLeNetError(
        .invalidArgument, "image.row_stride is \(rowStride) bytes: no memory holds \(height) such rows")
    }
    self.pixels = pixels
    self.width = width
    self.height = height
    self.rowStride = stride
    self.format = format
    self.orientation = orientation
  }
}
