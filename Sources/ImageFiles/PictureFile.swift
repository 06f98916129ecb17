import CImageFiles
import GoogLeNet

/// A decoded picture file, in memory of its own: gray or RGB, 8 bits a channel.
///
/// JPEG (gray, colour, CMYK; baseline and progressive) and PNG (every colour type and depth, of 16 bits the upper 8) are
/// told apart by their content. Colours come out as they are stored, the same as Pillow's `Image.open(file).convert("RGB")`:
/// transparency is dropped, colour profiles and gamma are not applied.
public final class PictureFile {
  private var decoded: gln_decoded_picture

  /// The most pixels that are decoded; a side has `Picture.sideLimit` at most.
  public static let pixelLimit = Int(GLN_PICTURE_PIXEL_LIMIT)

  /// What the file's EXIF says of how its rows and columns are to be seen.
  public let orientation: Orientation
  /// Of the rows as they are stored.
  public var width: Int { Int(decoded.width) }
  public var height: Int { Int(decoded.height) }
  public var format: PixelFormat { decoded.channels == 1 ? .gray : .rgb }

  /// Reads and decodes a file.
  /// - Throws: `ioError` where it cannot be read, `invalidArgument` for a damaged picture or a file that is none,
  ///   `unsupported` for a kind or size that is not decoded, `outOfMemory`.
  public convenience init(path: String) throws(GoogLeNetError) {
    let file = try MappedFile(path: path, readingStreams: true)
    try self.init(bytes: file.bytes, name: path)
    withExtendedLifetime(file) {}
  }

  /// Decodes a picture in memory, which is not needed after the call.
  /// - Parameter name: what error messages call it.
  public init(bytes: UnsafeRawBufferPointer, name: String) throws(GoogLeNetError) {
    guard !bytes.isEmpty else { throw GoogLeNetError(.invalidArgument, "\(name): an empty file is not a picture") }
    let decode:
      (UnsafePointer<UInt8>?, Int, UnsafeMutablePointer<gln_decoded_picture>?, UnsafeMutablePointer<CChar>?)
        -> gln_picture_status
    let kind: String
    let orientation: Orientation
    if bytes.starts(with: [0xFF, 0xD8, 0xFF]) {
      (decode, kind, orientation) = (gln_decode_jpeg, "JPEG", ExifOrientation.ofJPEG(bytes))
    } else if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
      (decode, kind, orientation) = (gln_decode_png, "PNG", ExifOrientation.ofPNG(bytes))
    } else {
      throw GoogLeNetError(
        .invalidArgument, "\(name): neither a JPEG nor a PNG file; convert the picture to one of them")
    }
    var decoded = gln_decoded_picture()
    var message = [CChar](repeating: 0, count: Int(GLN_PICTURE_MESSAGE_SIZE))
    let status = decode(bytes.assumingMemoryBound(to: UInt8.self).baseAddress, bytes.count, &decoded, &message)
    let text = String(decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    switch status {
    case GLN_PICTURE_OK: break
    case GLN_PICTURE_UNSUPPORTED:
      throw GoogLeNetError(.unsupported, "\(name): this \(kind) file cannot be decoded: \(text)")
    case GLN_PICTURE_OUT_OF_MEMORY: throw GoogLeNetError(.outOfMemory, "\(name): \(text)")
    default: throw GoogLeNetError(.invalidArgument, "\(name): a damaged \(kind) file: \(text)")
    }
    self.decoded = decoded
    self.orientation = orientation
  }

  deinit { gln_picture_free(&decoded) }

  /// Calls `body` with the picture's pixels, which are valid only during the call.
  /// - Parameter applyingOrientation: whether the picture is seen as its EXIF says, or as it is stored.
  public func withPicture<Result>(
    applyingOrientation: Bool = true, _ body: (Picture) throws(GoogLeNetError) -> Result
  ) throws(GoogLeNetError) -> Result {
    let picture = try Picture(
      pixels: decoded.pixels, width: width, height: height, format: format,
      orientation: applyingOrientation ? orientation : .upright)
    let result = try body(picture)
    withExtendedLifetime(self) {}
    return result
  }
}
