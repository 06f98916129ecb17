import Foundation
import GoogLeNet
import ImageFiles
import Testing

/// Pictures of Fixtures/, decoded by Pillow as NAME.ppm or NAME.pgm beside each (see make.py there).
@Suite struct PictureTests {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fixtures")
  static let names = [
    "420.jpg", "422.jpg", "444.jpg", "gray.jpg", "cmyk.jpg", "progressive.jpg", "rgb8.png", "rgba8.png", "adam7.png",
    "gray1.png", "gray2.png", "gray4.png", "gray8.png", "gray8-transparent.png", "gray16.png", "palette1.png",
    "palette4.png", "palette8-transparent.png", "gray-alpha8.png", "rgb16.png", "rgba16.png",
  ]

  /// The bytes of a binary PGM or PPM file after its header.
  static func reference(_ name: String) throws -> (format: PixelFormat, pixels: [UInt8]) {
    let gray = folder.appendingPathComponent("\(name).pgm")
    let isGray = FileManager.default.fileExists(atPath: gray.path)
    let file = [UInt8](try Data(contentsOf: isGray ? gray : folder.appendingPathComponent("\(name).ppm")))
    let count = 29 * 19 * (isGray ? 1 : 3)
    return (isGray ? .gray : .rgb, Array(file.suffix(count)))
  }

  static func pixels(_ picture: Picture) throws -> [UInt8] {
    try picture.withImage { image in
      let count = image.height * image.rowStride
      return [UInt8](UnsafeRawBufferPointer(start: image.pixels, count: count))
    }
  }

  static func decode(_ bytes: [UInt8], name: String = "picture") throws(GoogLeNetError) -> Picture {
    // A block of exactly this size, so that a sanitizer sees a read beyond it.
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
    defer { copy.deallocate() }
    copy.copyBytes(from: bytes)
    return try Picture(bytes: UnsafeRawBufferPointer(copy), name: name)
  }

  @Test(arguments: names) func decodesAsPillow(name: String) throws {
    let picture = try Picture(path: PictureTests.folder.appendingPathComponent(name).path)
    let expected = try PictureTests.reference(name)
    #expect(picture.width == 29)
    #expect(picture.height == 19)
    #expect(picture.format == expected.format)
    #expect(try PictureTests.pixels(picture) == expected.pixels)
  }

  @Test(arguments: names) func refusesEveryTruncation(name: String) throws {
    let bytes = [UInt8](try Data(contentsOf: PictureTests.folder.appendingPathComponent(name)))
    // The last bytes of a PNG (its end chunk) and of a JPEG (its end marker) hold no pixels.
    let needed = name.hasSuffix(".png") ? bytes.count - 12 - 8 : bytes.count - 2
    for length in 0..<needed {
      let error = #expect(throws: GoogLeNetError.self, "\(name) cut to \(length) bytes") {
        try PictureTests.decode(Array(bytes.prefix(length)), name: name)
      }
      #expect(error?.status == .invalidArgument)
      #expect(error?.message.hasPrefix(name) == true)
    }
  }

  @Test(arguments: names) func survivesDamage(name: String) throws {
    let bytes = [UInt8](try Data(contentsOf: PictureTests.folder.appendingPathComponent(name)))
    var generator = SystemRandomNumberGenerator()
    for position in bytes.indices {
      var damaged = bytes
      damaged[position] = UInt8.random(in: 0...255, using: &generator)
      do throws(GoogLeNetError) {
        let picture = try PictureTests.decode(damaged, name: name)
        #expect(1...65535 ~= picture.width && 1...65535 ~= picture.height)
      } catch {
        #expect(error.message.utf8.count > name.utf8.count)
      }
    }
  }

  @Test func refusesHugePictures() throws {
    var bytes = [UInt8](try Data(contentsOf: PictureTests.folder.appendingPathComponent("420.jpg")))
    let frame = try #require(bytes.indices.dropLast().first { bytes[$0] == 0xFF && bytes[$0 + 1] == 0xC0 })
    bytes.replaceSubrange(frame + 5..<frame + 9, with: [0xFF, 0xDC, 0xFF, 0xDC])
    let error = #expect(throws: GoogLeNetError.self) { try PictureTests.decode(bytes) }
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
    let error = #expect(throws: GoogLeNetError.self) { try PictureTests.decode(bytes) }
    #expect(error?.status == .unsupported)
    #expect(error?.message.contains("2147483647 x 1") == true)
    #expect(peakKibibytes() - before < 2 << 20)
  }

  @Test func refusesWhatIsNoPicture() throws {
    for bytes: [UInt8] in [[], [0xFF], Array("GIF89a".utf8), Array("<html>".utf8)] {
      let error = #expect(throws: GoogLeNetError.self) { try PictureTests.decode(bytes) }
      #expect(error?.status == .invalidArgument)
    }
  }

  @Test func namesTheFileThatCannotBeRead() throws {
    for path in ["/nonexistent/picture.jpg", PictureTests.folder.path] {
      let error = #expect(throws: GoogLeNetError.self) { try Picture(path: path) }
      #expect(error?.status == .ioError)
      #expect(error?.message.contains(path) == true)
    }
  }
}
