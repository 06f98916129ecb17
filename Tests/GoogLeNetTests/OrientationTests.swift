import Testing

@testable import Conversion
@testable import GoogLeNet

/// Pictures that are stored in one of EXIF's orientations give what the upright picture gives, bit for bit.
@Suite struct OrientationTests {
  /// A picture in memory of its own.
  private struct Stored {
    let bytes: [UInt8]
    let width: Int
    let height: Int
    let rowStride: Int
  }

  private static let sizes: [(width: Int, height: Int)] = [
    (1, 1), (1, 7), (9, 1), (2, 3), (31, 17), (17, 31), (23, 40), (64, 47), (20, 20),
  ]

  /// What the tag's values mean: on which side the first row and the first column are seen.
  private static func isSeen(_ orientation: Orientation) -> (row: String, column: String) {
    switch orientation {
    case .upright: ("top", "left")
    case .mirrored: ("top", "right")
    case .upsideDown: ("bottom", "right")
    case .mirroredUpsideDown: ("bottom", "left")
    case .transposed: ("left", "top")
    case .leftSideDown: ("right", "top")
    case .transposedUpsideDown: ("right", "bottom")
    case .rightSideDown: ("left", "bottom")
    }
  }

  /// Random pixels that are seen the same whatever the orientation they are stored in, with `gap` bytes between rows.
  private static func picture(
    _ width: Int, _ height: Int, _ format: PixelFormat, stored orientation: Orientation, gap: Int = 0
  ) -> Stored {
    var random = RandomNumbers(seed: UInt64(width * 1000 + height))
    let pixels = (0..<width * height).map { _ in
      (0..<format.bytesPerPixel).map { _ in UInt8.random(in: 0...255, using: &random) }
    }
    let (row, column) = isSeen(orientation)
    let rowsAreRows = row == "top" || row == "bottom"
    let (storedWidth, storedHeight) = rowsAreRows ? (width, height) : (height, width)
    let rowStride = storedWidth * format.bytesPerPixel + gap
    var bytes = [UInt8](repeating: 77, count: rowStride * storedHeight)
    for storedRow in 0..<storedHeight {
      for storedColumn in 0..<storedWidth {
        var (x, y) = (0, 0)
        for (side, index) in [(row, storedRow), (column, storedColumn)] {
          switch side {
          case "top": y = index
          case "bottom": y = height - 1 - index
          case "left": x = index
          default: x = width - 1 - index
          }
        }
        let place = storedRow * rowStride + storedColumn * format.bytesPerPixel
        bytes.replaceSubrange(place..<place + format.bytesPerPixel, with: pixels[y * width + x])
      }
    }
    // The last row ends with its last pixel, so that a sanitizer sees a read beyond it.
    return Stored(
      bytes: Array(bytes.dropLast(gap)), width: storedWidth, height: storedHeight, rowStride: rowStride)
  }

  private static func seen(_ stored: Stored, _ format: PixelFormat, _ orientation: Orientation, _ session: Session)
    throws -> (pixels: [UInt8], probabilities: [Int: Float])
  {
    try stored.bytes.withUnsafeBytes { bytes in
      let image = try Picture(
        pixels: bytes.baseAddress, width: stored.width, height: stored.height, rowStride: stored.rowStride,
        format: format, orientation: orientation)
      var pixels = [UInt8](
        repeating: 0,
        count: session.inputHeight * session.inputWidth
          * session.model.network.preprocessing.channelOrder.channels)
      try pixels.withUnsafeMutableBufferPointer { try session.preprocess(try View(image), into: $0) }
      let best = try session.classify(image, count: 5)
      return (pixels, Dictionary(uniqueKeysWithValues: best.map { ($0.classIndex, $0.probability) }))
    }
  }

  private static func network(_ precision: Precision) throws -> Network {
    var network = try Networks.inception()
    guard precision == .int8 else { return network }
    // One for all channels, so that the first layer computes in integers.
    network.preprocessing.scale = [0.25, 0.25, 0.25]
    network.layers = try WeightEncoder.encode(network.layers, as: .int8, ValueBudget(name: "test", limit: .max))
    for index in network.layers.indices
    where ["conv1/relu", "norm1", "branch2/reduce/relu"].contains(network.layers[index].name) {
      network.layers[index].outputScale = 0.0625
    }
    return network
  }

  @Test(arguments: [Precision.float32, .int8]) func everyOrientationGivesTheSameBits(precision: Precision) throws {
    let session = try Session(model: try Model(network: try OrientationTests.network(precision)))
    #expect(session.precision == precision)
    for (width, height) in OrientationTests.sizes {
      for format in [PixelFormat.rgb, .bgra, .gray] {
        let upright = OrientationTests.picture(width, height, format, stored: .upright)
        let wanted = try OrientationTests.seen(upright, format, .upright, session)
        for orientation in Orientation.allCases {
          for gap in [0, 5] {
            let stored = OrientationTests.picture(width, height, format, stored: orientation, gap: gap)
            let found = try OrientationTests.seen(stored, format, orientation, session)
            #expect(found.pixels == wanted.pixels, "\(width) x \(height) \(format) \(orientation)")
            #expect(found.probabilities == wanted.probabilities, "\(width) x \(height) \(format) \(orientation)")
          }
        }
      }
    }
  }

  @Test func anOrientationThatIsNotAppliedMatters() throws {
    let session = try Session(model: try Model(network: try Networks.inception()))
    let upright = OrientationTests.picture(31, 17, .rgb, stored: .upright)
    let wanted = try OrientationTests.seen(upright, .rgb, .upright, session)
    for orientation in Orientation.allCases.dropFirst() {
      let stored = OrientationTests.picture(31, 17, .rgb, stored: orientation)
      #expect(try OrientationTests.seen(stored, .rgb, .upright, session).pixels != wanted.pixels, "\(orientation)")
    }
  }
}
