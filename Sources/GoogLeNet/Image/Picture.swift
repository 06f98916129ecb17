/// A picture of 1 to `sideLimit` pixels each way in the caller's memory.
public struct Picture {
  /// A part of it whose rows lie at the same distance from each other.
  public struct Plane {
    public let base: UnsafeRawPointer
    /// Bytes from a row to the next.
    public let stride: Int
  }

  /// What errors call a plane and its stride.
  private enum Naming {
    /// Of `gln_image`.
    case image
    /// Of `gln_picture`, whose own name who throws the error on puts before it.
    case picture

    func base(_ plane: Int) -> String { self == .image ? "image.pixels" : "planes[\(plane)]" }
    func stride(_ plane: Int) -> String { self == .image ? "image.row_stride" : "strides[\(plane)]" }

    func sides(_ width: Int, _ height: Int) -> GoogLeNetError {
      let isWidth = !(1...Picture.sideLimit ~= width)
      let what =
        self == .image
        ? "an image of \(width) x \(height) pixels: each side"
        : "\(isWidth ? "width" : "height") is \(isWidth ? width : height): it"
      return GoogLeNetError(.invalidArgument, "\(what) must be 1 to \(Picture.sideLimit)")
    }
  }

  public static let planeLimit = 3
  public static let sideLimit = ModelLimits.pictureSide

  /// Of the rows in memory, whatever the orientation.
  public let width: Int
  public let height: Int
  public let format: PictureFormat
  public let orientation: Orientation
  /// As many as the format has; others are like the first.
  public let planes: InlineArray<3, Plane>

  /// The width and height as it is seen.
  var seenWidth: Int { orientation.swapsSides ? height : width }
  var seenHeight: Int { orientation.swapsSides ? width : height }

  /// A picture of interleaved bytes.
  /// - Parameter rowStride: at least `width` times the bytes per pixel; 0 for exactly that.
  public init(
    pixels: UnsafeRawPointer?, width: Int, height: Int, rowStride: Int = 0, format: PixelFormat,
    orientation: Orientation = .upright
  ) throws(GoogLeNetError) {
    try self.init([pixels, nil, nil], [rowStride, 0, 0], width, height, PictureFormat(format), orientation, .image)
  }

  /// - Parameters:
  ///   - planes: as many as the format has, none of which overlap; nil for the others.
  ///   - strides: at least the bytes of a row each; 0 for exactly that.
  public init(
    planes: InlineArray<3, UnsafeRawPointer?>, strides: InlineArray<3, Int>, width: Int, height: Int,
    format: PictureFormat, orientation: Orientation = .upright
  ) throws(GoogLeNetError) {
    try self.init(planes, strides, width, height, format, orientation, .picture)
  }

  private init(
    _ bases: InlineArray<3, UnsafeRawPointer?>, _ strides: InlineArray<3, Int>, _ width: Int, _ height: Int,
    _ format: PictureFormat, _ orientation: Orientation, _ naming: Naming
  ) throws(GoogLeNetError) {
    guard let first = bases[0] else { throw GoogLeNetError(.invalidArgument, "\(naming.base(0)) is NULL") }
    let sides = 1...Picture.sideLimit
    guard sides ~= width, sides ~= height else { throw naming.sides(width, height) }
    self.width = width
    self.height = height
    self.format = format
    self.orientation = orientation
    var planes = InlineArray<3, Plane>(repeating: Plane(base: first, stride: 0))
    for index in 0..<Picture.planeLimit {
      guard let rows = format.plane(index, width: width, height: height) else {
        guard bases[index] == nil, strides[index] == 0 else {
          throw GoogLeNetError(
            .invalidArgument,
            "\(bases[index] == nil ? naming.stride(index) : naming.base(index)) is set, but the format has no such plane"
          )
        }
        continue
      }
      planes[index] = try Picture.plane(
        index, bases[index], stride: strides[index], rows, width: width, format, naming)
      for other in 0..<index {
        guard Picture.areApart(planes[other], format.plane(other, width: width, height: height), planes[index], rows)
        else {
          throw GoogLeNetError(.invalidArgument, "\(naming.base(index)) overlaps \(naming.base(other))")
        }
      }
    }
    self.planes = planes
  }

  private static func plane(
    _ index: Int, _ base: UnsafeRawPointer?, stride: Int, _ rows: (rows: Int, bytes: Int), width: Int,
    _ format: PictureFormat, _ naming: Naming
  ) throws(GoogLeNetError) -> Plane {
    guard let base else { throw GoogLeNetError(.invalidArgument, "\(naming.base(index)) is NULL") }
    guard stride == 0 || stride >= rows.bytes else {
      throw GoogLeNetError(
        .invalidArgument,
        "\(naming.stride(index)) is \(stride) bytes: "
          + (format.bytes.map { "\(width) pixels of \($0.bytesPerPixel) bytes need" } ?? "a row of this plane needs")
          + " at least \(rows.bytes)")
    }
    if format == .rgbFloat32 {
      let alignment = MemoryLayout<Float>.alignment
      guard Int(bitPattern: base) % alignment == 0, stride % alignment == 0 else {
        throw GoogLeNetError(
          .invalidArgument,
          "\(stride % alignment == 0 ? naming.base(index) : naming.stride(index)) is no multiple of \(alignment), as "
            + "float32 values need")
      }
    }
    let distance = stride == 0 ? rows.bytes : stride
    guard AddressSpace.holds(rows.rows, of: distance, from: base) else {
      throw GoogLeNetError(
        .invalidArgument,
        "\(naming.stride(index)) is \(stride) bytes: no memory holds \(rows.rows) such rows")
    }
    return Plane(base: base, stride: distance)
  }

  /// Whether no byte belongs to both of two planes: they lie one after the other, or the rows of one in the gaps of the other.
  private static func areApart(
    _ one: Plane, _ oneRows: (rows: Int, bytes: Int)?, _ other: Plane, _ otherRows: (rows: Int, bytes: Int)
  ) -> Bool {
    guard let oneRows else { return true }
    let distance = other.base - one.base
    if distance >= (oneRows.rows - 1) * one.stride + oneRows.bytes { return true }
    if -distance >= (otherRows.rows - 1) * other.stride + otherRows.bytes { return true }
    guard one.stride == other.stride else { return false }
    let remainder = distance % one.stride
    let gap = remainder < 0 ? remainder + one.stride : remainder
    return gap >= oneRows.bytes && one.stride - gap >= otherRows.bytes
  }
}
