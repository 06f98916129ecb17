import GoogLeNet

/// Reads how a picture file says that it is to be seen. What is missing, damaged or out of range counts as upright, as viewers
/// have it: a picture is not refused for its EXIF.
enum ExifOrientation {
  /// Of the first APP1 segment that holds EXIF.
  static func ofJPEG(_ bytes: UnsafeRawBufferPointer) -> Orientation {
    let file = BoundedBytes(bytes)
    var position = 2
    while let byte = file.byte(position), let marker = file.byte(position + 1) {
      switch (byte, marker) {
      // What lies between segments is skipped, as libjpeg does; so are fill bytes.
      case (0...0xFE, _), (_, 0xFF): position += 1
      // Without a length.
      case (_, 0x00...0x01), (_, 0xD0...0xD8): position += 2
      // The end, or pixels.
      case (_, 0xD9), (_, 0xDA): return .upright
      default:
        guard let length = file.number16(position + 2, .big), length >= 2,
          let content = file.part(position + 4, count: Int(length) - 2)
        else { return .upright }
        if marker == 0xE1, content.starts(with: Array("Exif\0\0".utf8)) {
          return ofTIFF(BoundedBytes(UnsafeRawBufferPointer(rebasing: content.dropFirst(6))))
        }
        position += 2 + Int(length)
      }
    }
    return .upright
  }

  /// Of the first eXIf chunk, before or behind the pixels, where it is as its checksum says.
  static func ofPNG(_ bytes: UnsafeRawBufferPointer) -> Orientation {
    let file = BoundedBytes(bytes)
    var position = 8
    while let length = file.number32(position, .big), let kind = file.part(position + 4, count: 4),
      let content = file.part(position + 8, count: Int(length))
    {
      if kind.elementsEqual("IEND".utf8) { return .upright }
      if kind.elementsEqual("eXIf".utf8) {
        guard let covered = file.part(position + 4, count: 4 + Int(length)),
          file.number32(position + 8 + Int(length), .big) == checksum(covered)
        else { return .upright }
        return ofTIFF(BoundedBytes(content))
      }
      // With the checksum.
      position += 12 + Int(length)
    }
    return .upright
  }

  /// CRC-32, as PNG's annex D has it.
  static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    var remainder = UInt32.max
    for byte in bytes {
      remainder ^= UInt32(byte)
      for _ in 0..<8 { remainder = remainder >> 1 ^ (remainder & 1 == 0 ? 0 : 0xEDB8_8320) }
    }
    return ~remainder
  }

  /// The tag Orientation of the first directory.
  private static func ofTIFF(_ tiff: BoundedBytes) -> Orientation {
    let orders: [(mark: [UInt8], order: BoundedBytes.Order)] = [(Array("II".utf8), .little), (Array("MM".utf8), .big)]
    guard let mark = tiff.part(0, count: 2), let order = orders.first(where: { mark.elementsEqual($0.mark) })?.order,
      tiff.number16(2, order) == 42, let directory = tiff.number32(4, order),
      let count = tiff.number16(Int(directory), order)
    else { return .upright }
    for index in 0..<Int(count) {
      let entry = Int(directory) + 2 + 12 * index
      guard let tag = tiff.number16(entry, order), let type = tiff.number16(entry + 2, order),
        let values = tiff.number32(entry + 4, order), let short = tiff.number16(entry + 8, order)
      else { return .upright }
      guard tag == 0x0112 else { continue }
      // SHORT
      guard type == 3, values == 1, let value = UInt8(exactly: short) else { return .upright }
      return Orientation(rawValue: value) ?? .upright
    }
    return .upright
  }
}
