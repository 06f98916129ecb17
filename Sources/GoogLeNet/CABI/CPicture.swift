import CGoogLeNet

extension Picture {
  /// The picture behind a caller's structure of the first version.
  init(_ image: UnsafePointer<gln_image>) throws(GoogLeNetError) {
    let it = image.pointee
    try self.init(
      pixels: it.pixels, width: Int(it.width), height: Int(it.height), rowStride: it.row_stride,
      format: try PixelFormat(it.format, "image->format"))
  }

  /// The picture behind a caller's structure.
  /// - Throws: what begins with the member that is wrong, as "picture->width".
  init(_ picture: UnsafePointer<gln_picture>) throws(GoogLeNetError) {
    do throws(GoogLeNetError) {
      _ = try StructArray.size(of: picture, known: MemoryLayout<gln_picture>.size, "gln_picture")
      let it = picture.pointee
      guard let format = PictureFormat(rawValue: Int32(bitPattern: it.format.rawValue)) else {
        throw Failure.unknown("format", "gln_pixel_format", it.format.rawValue)
      }
      guard 0...8 ~= it.orientation else {
        throw GoogLeNetError(
          .invalidArgument, "orientation is \(it.orientation): it must be 1 to 8 as in EXIF, or 0 for upright")
      }
      try self.init(
        planes: [it.planes.0, it.planes.1, it.planes.2], strides: [it.strides.0, it.strides.1, it.strides.2],
        width: Int(it.width), height: Int(it.height), format: format,
        orientation: Orientation(rawValue: UInt8(it.orientation)) ?? .upright)
    } catch {
      throw error.within("picture->")
    }
  }
}

extension PixelFormat {
  /// - Parameter argument: what holds it.
  init(_ format: gln_pixel_format, _ argument: StaticString) throws(GoogLeNetError) {
    let value = Int32(bitPattern: format.rawValue)
    guard let known = PixelFormat(rawValue: value) else {
      guard PictureFormat(rawValue: value) == nil else {
        throw GoogLeNetError(
          .invalidArgument, "\(argument) is \(value), a format that only a gln_picture may have: see gln_session_run")
      }
      throw Failure.unknown(argument, "gln_pixel_format", format.rawValue)
    }
    self = known
  }
}

extension GoogLeNetError {
  /// The same about a member of a structure: "views[2].picture->" before what names the member.
  func within(_ structure: String) -> GoogLeNetError {
    GoogLeNetError(status, "\(structure)\(message)")
  }
}
