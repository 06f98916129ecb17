/// How the pixels of a picture lie in memory; the values are those of `gln_pixel_format` in include/googlenet.h.
public enum PictureFormat: Int32, CaseIterable, Sendable {
  case rgb = 0
  case bgr = 1
  case rgba = 2
  case bgra = 3
  case gray = 4
  case nv12Video = 5
  case nv12Full = 6
  case i420Video = 7
  case i420Full = 8
  case rgbFloat32 = 9

  public init(_ format: PixelFormat) {
    switch format {
    case .rgb: self = .rgb
    case .bgr: self = .bgr
    case .rgba: self = .rgba
    case .bgra: self = .bgra
    case .gray: self = .gray
    }
  }

  /// The same as bytes of one plane, in which batches lie, too; nil for other formats.
  var bytes: PixelFormat? { PixelFormat(rawValue: rawValue) }

  /// How colour lies in the formats that keep brightness apart from it; nil for others.
  var chroma: Chroma? {
    switch self {
    case .nv12Video: Chroma(isInterleaved: true, isFullRange: false)
    case .nv12Full: Chroma(isInterleaved: true, isFullRange: true)
    case .i420Video: Chroma(isInterleaved: false, isFullRange: false)
    case .i420Full: Chroma(isInterleaved: false, isFullRange: true)
    default: nil
    }
  }

  /// Cb and Cr, of half the width and height of a picture, odd ones rounded up.
  struct Chroma {
    /// In one plane, side by side, or in one each.
    let isInterleaved: Bool
    /// Whether the bytes use all of 0 to 255, or brightness 16 to 235 and colour 16 to 240.
    let isFullRange: Bool
  }

  /// The number of rows of a plane and the bytes of each; nil where there is no such plane.
  func plane(_ index: Int, width: Int, height: Int) -> (rows: Int, bytes: Int)? {
    if let chroma {
      switch index {
      case 0: return (height, width)
      case 1: return ((height + 1) / 2, (width + 1) / 2 * (chroma.isInterleaved ? 2 : 1))
      default: return chroma.isInterleaved ? nil : ((height + 1) / 2, (width + 1) / 2)
      }
    }
    guard index == 0 else { return nil }
    return (height, width * (bytes?.bytesPerPixel ?? 3 * MemoryLayout<Float>.size))
  }
}
