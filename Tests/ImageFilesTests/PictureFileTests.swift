import Foundation
import GoogLeNet
import Testing

@testable import ImageFiles

/// Pictures of Fixtures/, decoded by Pillow as NAME.ppm or NAME.pgm beside each (see make.py there).
@Suite struct PictureFileTests {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fixtures")
  static let names = [
    "420.jpg", "422.jpg", "444.jpg", "gray.jpg", "cmyk.jpg", "progressive.jpg", "rgb8.png", "rgba8.png", "adam7.png",
    "gray1.png", "gray2.png", "gray4.png", "gray8.png", "gray8-transparent.png", "gray16.png", "palette1.png",
    "palette4.png", "palette8-transparent.png", "gray-alpha8.png", "rgb16.png", "rgba16.png",
    "exif-little-endian.jpg", "exif-big-endian.jpg", "exif.png",
  ]
  /// Its EXIF comes behind its pixels.
  static let lastExif = "exif-last.png"

  /// The bytes of a binary PGM or PPM file after its header.
  static func reference(_ name: String) throws -> (format: PixelFormat, pixels: [UInt8]) {
    let gray = folder.appendingPathComponent("\(name).pgm")
    let isGray = FileManager.default.fileExists(atPath: gray.path)
    let file = [UInt8](try Data(contentsOf: isGray ? gray : folder.appendingPathComponent("\(name).ppm")))
    let count = 29 * 19 * (isGray ? 1 : 3)
    return (isGray ? .gray : .rgb, Array(file.suffix(count)))
  }

  static func pixels(_ picture: PictureFile) throws -> [UInt8] {
    try picture.withPicture { image in
      let count = image.height * image.planes[0].stride
      return [UInt8](UnsafeRawBufferPointer(start: image.planes[0].base, count: count))
    }
  }

  static func decode(_ bytes: [UInt8], name: String = "picture") throws(GoogLeNetError) -> PictureFile {
    // A block of exactly this size, so that a sanitizer sees a read beyond it.
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
    defer { copy.deallocate() }
    copy.copyBytes(from: bytes)
    return try PictureFile(bytes: UnsafeRawBufferPointer(copy), name: name)
  }

  @Test(arguments: names + [lastExif]) func decodesAsPillow(name: String) throws {
    let picture = try PictureFile(path: PictureFileTests.folder.appendingPathComponent(name).path)
    let expected = try PictureFileTests.reference(name)
    #expect(picture.width == 29)
    #expect(picture.height == 19)
    #expect(picture.format == expected.format)
    #expect(try PictureFileTests.pixels(picture) == expected.pixels)
  }

  @Test(arguments: names) func refusesEveryTruncation(name: String) throws {
    let bytes = [UInt8](try Data(contentsOf: PictureFileTests.folder.appendingPathComponent(name)))
    // The last bytes of a PNG (its end chunk) and of a JPEG (its end marker) hold no pixels.
    let needed = name.hasSuffix(".png") ? bytes.count - 12 - 8 : bytes.count - 2
    for length in 0..<needed {
      let error = #expect(throws: GoogLeNetError.self, "\(name) cut to \(length) bytes") {
        try PictureFileTests.decode(Array(bytes.prefix(length)), name: name)
      }
      #expect(error?.status == .invalidArgument)
      #expect(error?.message.hasPrefix(name) == true)
    }
  }

  @Test(arguments: names + [lastExif]) func survivesDamage(name: String) throws {
    let bytes = [UInt8](try Data(contentsOf: PictureFileTests.folder.appendingPathComponent(name)))
    var generator = SystemRandomNumberGenerator()
    for position in bytes.indices {
      var damaged = bytes
      damaged[position] = UInt8.random(in: 0...255, using: &generator)
      do throws(GoogLeNetError) {
        let picture = try PictureFileTests.decode(damaged, name: name)
        #expect(1...65535 ~= picture.width && 1...65535 ~= picture.height)
      } catch {
        #expect(error.message.utf8.count > name.utf8.count)
      }
    }
  }

  @Test func refusesHugePictures() throws {
    var bytes = [UInt8](try Data(contentsOf: PictureFileTests.folder.appendingPathComponent("420.jpg")))
    let frame = try #require(bytes.indices.dropLast().first { bytes[$0] == 0xFF && bytes[$0 + 1] == 0xC0 })
    bytes.replaceSubrange(frame + 5..<frame + 9, with: [0xFF, 0xDC, 0xFF, 0xDC])
    let error = #expect(throws: GoogLeNetError.self) { try PictureFileTests.decode(bytes) }
    #expect(error?.status == .unsupported)
    #expect(error?.message.contains("65500 x 65500") == true)
  }

  /// libpng would allocate rows of this width.
  @Test func refusesWideInterlacedPicturesBeforeTheyTakeMemory() throws {
    // Signature; IHDR of 2³¹ − 1 x 1 pixels, 8-bit RGB, interlaced, with its CRC; the beginning of an IDAT.
    let bytes: [UInt8] = [
      0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52, 0x7F, 0xFF, 0xFF, 0xFF,
      0, 0, 0, 1, 8, 2, 0, 0, 1, 0x58, 0x53, 0x94, 0x1C, 0, 0, 0, 8, 0x49, 0x44, 0x41, 0x54, 0x78, 0x9C,
    ]
    func peakKibibytes() -> Int {
      var usage = rusage()
      getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
      return usage.ru_maxrss
    }
    let before = peakKibibytes()
    let error = #expect(throws: GoogLeNetError.self) { try PictureFileTests.decode(bytes) }
    #expect(error?.status == .unsupported)
    #expect(error?.message.contains("2147483647 x 1") == true)
    #expect(peakKibibytes() - before < 2 << 20)
  }

  @Test func refusesWhatIsNoPicture() throws {
    for bytes: [UInt8] in [[], [0xFF], Array("GIF89a".utf8), Array("<html>".utf8)] {
      let error = #expect(throws: GoogLeNetError.self) { try PictureFileTests.decode(bytes) }
      #expect(error?.status == .invalidArgument)
    }
  }

  @Test func namesTheFileThatCannotBeRead() throws {
    for path in ["/nonexistent/picture.jpg", PictureFileTests.folder.path] {
      let error = #expect(throws: GoogLeNetError.self) { try PictureFile(path: path) }
      #expect(error?.status == .ioError)
      #expect(error?.message.contains(path) == true)
    }
  }

  // MARK: - EXIF

  private static func number(_ value: Int, _ count: Int, _ order: String) -> [UInt8] {
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    return order == "II" ? bytes : bytes.reversed()
  }

  /// A TIFF file of one directory, each entry a tag, a type, a number of values and a value of two bytes.
  private static func tiff(_ order: String, _ entries: [(Int, Int, Int, Int)], directory: Int = 8) -> [UInt8] {
    var file = [UInt8](order.utf8) + number(42, 2, order) + number(directory, 4, order)
    file += [UInt8](repeating: 0xEE, count: directory - 8) + number(entries.count, 2, order)
    for (tag, type, count, value) in entries {
      file +=
        number(tag, 2, order) + number(type, 2, order) + number(count, 4, order) + number(value, 2, order) + [0, 0]
    }
    return file + number(0, 4, order)
  }

  private static func segment(_ marker: UInt8, _ content: [UInt8]) -> [UInt8] {
    [0xFF, marker] + number(content.count + 2, 2, "MM") + content
  }

  private static func jpeg(_ segments: [UInt8]) throws -> [UInt8] {
    var file = [UInt8](try Data(contentsOf: folder.appendingPathComponent("420.jpg")))
    file.insert(contentsOf: segments, at: 2)
    return file
  }

  private static func jpeg(exif: [UInt8]) throws -> [UInt8] { try jpeg(segment(0xE1, Array("Exif\0\0".utf8) + exif)) }

  /// - Parameter damage: what the checksum is changed by.
  private static func png(exif: [UInt8], atEnd: Bool = false, damage: UInt32 = 0) throws -> [UInt8] {
    var file = [UInt8](try Data(contentsOf: folder.appendingPathComponent("rgb8.png")))
    let content = Array("eXIf".utf8) + exif
    let checksum = content.withUnsafeBytes { ExifOrientation.checksum($0) } ^ damage
    let chunk = number(exif.count, 4, "MM") + content + number(Int(checksum), 4, "MM")
    file.insert(contentsOf: chunk, at: atEnd ? file.count : 33)
    return file
  }

  @Test func damagedAndMisplacedChunksDoNotCount() throws {
    #expect(Array("123456789".utf8).withUnsafeBytes { ExifOrientation.checksum($0) } == 0xCBF4_3926)
    let exif = PictureFileTests.tiff("MM", [(0x0112, 3, 1, 6)])
    #expect(try PictureFileTests.decode(try PictureFileTests.png(exif: exif)).orientation != .upright)
    #expect(try PictureFileTests.decode(try PictureFileTests.png(exif: exif, atEnd: true)).orientation == .upright)
    #expect(try PictureFileTests.decode(try PictureFileTests.png(exif: exif, damage: 1)).orientation == .upright)
  }

  private static let fixtures: [(name: String, orientation: Orientation)] = [
    ("exif-little-endian.jpg", .leftSideDown), ("exif-big-endian.jpg", .rightSideDown), ("exif.png", .transposed),
    ("exif-last.png", .upsideDown), ("420.jpg", .upright), ("rgb8.png", .upright),
  ]

  @Test(arguments: fixtures) func readsTheOrientation(name: String, orientation: Orientation) throws {
    let picture = try PictureFile(path: PictureFileTests.folder.appendingPathComponent(name).path)
    #expect(picture.orientation == orientation)
    #expect(try picture.withPicture { $0.orientation } == orientation)
    #expect(try picture.withPicture(applyingOrientation: false) { $0.orientation } == .upright)
  }

  @Test(arguments: ["II", "MM"], Orientation.allCases) func readsBothByteOrders(order: String, orientation: Orientation)
    throws
  {
    let tag = (0x0112, 3, 1, Int(orientation.rawValue))
    for entries in [[tag], [(0x0100, 4, 1, 9), tag], [tag, (0x0112, 3, 1, 2)]] {
      for directory in [8, 9, 300] {
        let exif = PictureFileTests.tiff(order, entries, directory: directory)
        #expect(try PictureFileTests.decode(try PictureFileTests.jpeg(exif: exif)).orientation == orientation)
        #expect(try PictureFileTests.decode(try PictureFileTests.png(exif: exif)).orientation == orientation)
      }
    }
  }

  @Test func brokenExifCountsAsUpright() throws {
    let tag = (0x0112, 3, 1, 6)
    var broken = [
      [], Array("II".utf8), PictureFileTests.tiff("IM", [tag]), PictureFileTests.tiff("II", []),
      // No value, too large a value, as bytes, as two numbers.
      PictureFileTests.tiff("MM", [(0x0112, 3, 1, 0)]), PictureFileTests.tiff("MM", [(0x0112, 3, 1, 9)]),
      PictureFileTests.tiff("MM", [(0x0112, 3, 1, 0x0106)]), PictureFileTests.tiff("MM", [(0x0112, 1, 1, 6)]),
      PictureFileTests.tiff("MM", [(0x0112, 3, 2, 6)]),
    ]
    let whole = PictureFileTests.tiff("II", [(0x0100, 3, 1, 6), tag])
    // Up to the value, which ends ten bytes into its entry.
    broken += (0..<8 + 2 + 12 + 10).map { Array(whole.prefix($0)) }
    for offset in [0xFFFF_FFFF, 0x7FFF_FFFF, whole.count - 1, whole.count] {
      var moved = whole
      moved.replaceSubrange(4..<8, with: PictureFileTests.number(offset, 4, "II"))
      broken.append(moved)
    }
    for exif in broken {
      #expect(try PictureFileTests.decode(try PictureFileTests.jpeg(exif: exif)).orientation == .upright, "\(exif)")
      #expect(try PictureFileTests.decode(try PictureFileTests.png(exif: exif)).orientation == .upright, "\(exif)")
    }
  }

  @Test func findsTheFirstExifSegment() throws {
    func exif(_ orientation: Int) -> [UInt8] {
      PictureFileTests.segment(
        0xE1, Array("Exif\0\0".utf8) + PictureFileTests.tiff("MM", [(0x0112, 3, 1, orientation)]))
    }
    let xmp = PictureFileTests.segment(0xE1, Array("http://ns.adobe.com/xap/1.0/\0".utf8))
    // In a comment, and with fill bytes before it.
    let comment = PictureFileTests.segment(0xFE, exif(3))
    let files = [
      (xmp + exif(8) + exif(6), Orientation.rightSideDown), (comment, .upright),
      ([0xFF, 0xFF] + exif(7), .transposedUpsideDown),
    ]
    for (segments, orientation) in files {
      #expect(try PictureFileTests.decode(try PictureFileTests.jpeg(segments)).orientation == orientation)
    }
  }
}
