/// The bytes of a pixel in memory order; the values are those of `gln_pixel_format` in include/googlenet.h.
public enum PixelFormat: Int32, Sendable {
  case rgb = 0
  case bgr = 1
  case rgba = 2
  case bgra = 3
  case gray = 4

  public var bytesPerPixel: Int {
    switch self {
    case .rgb, .bgr: 3
    case .rgba, .bgra: 4
    case .gray: 1
    }
  }

  /// The byte of a pixel that holds red, green and blue.
  var channelOffsets: (red: Int, green: Int, blue: Int) {
    switch self {
    case .rgb, .rgba: (0, 1, 2)
    case .bgr, .bgra: (2, 1, 0)
    case .gray: (0, 0, 0)
    }
  }
}
