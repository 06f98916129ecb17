/// Resizes a picture by the model's rule, and cuts the centre out. With the antialiased rules the result is the same, byte for
/// byte, as Pillow's `resize(BILINEAR)`, horizontally, then vertically, followed by a crop.
final class Cropper {
  private let height: Int
  private let width: Int
  private let rule: Preprocessing.ResizeRule
  private let shortSide: Int
  private let channels: Int
  /// Grows to what the largest picture needed, so that later calls allocate nothing.
  private var workspace: HeapBlock?

  /// - Parameters:
  ///   - height: of the session's input; where it differs from the model's own, the short side grows in proportion.
  init(preprocessing: Preprocessing, height: Int, width: Int) {
    self.height = height
    self.width = width
    rule = preprocessing.resizeRule
    channels = preprocessing.channelOrder.channels
    let trained = max(preprocessing.inputHeight, preprocessing.inputWidth)
    let asked = max(height, width)
    shortSide =
      asked == trained
      ? preprocessing.shortSide
      : max(asked, Int((Double(preprocessing.shortSide) * Double(asked) / Double(trained)).rounded()))
  }

  /// Bytes that it holds between calls.
  var workspaceBytes: Int { workspace?.bytes.count ?? 0 }

  /// Writes `height` × `width` × channels bytes, RGB or gray.
  /// - Parameter available: the most bytes that it may hold.
  /// - Throws: `limitExceeded` or `outOfMemory`.
  @_optimize(speed)
  func crop(_ image: Image, into output: UnsafeMutableRawBufferPointer, available: UInt64) throws(GoogLeNetError) {
    let pixels = UprightPixels(image)
    let resized = ResizeGeometry(
      rule, picture: (pixels.width, pixels.height), shortSide: shortSide, crop: (width, height))
    let columns = ResampleFilter(
      inputSize: pixels.width, outputSize: resized.width, first: resized.left, count: width,
      isAntialiased: rule.isAntialiased)
    let rows = ResampleFilter(
      inputSize: pixels.height, outputSize: resized.height, first: resized.top, count: height,
      isAntialiased: rule.isAntialiased)
    let firstRow = rows.firstInput
    let rowCount = rows.endInput - firstRow

    let lineBytes = width * channels
    let sourceBytes = pixels.width * channels
    let tables = (columns.tableCount + rows.tableCount) * MemoryLayout<Int32>.size
    let memory = try workspace(tables + rowCount * lineBytes + sourceBytes, available)
    let columnTable = memory.assumingMemoryBound(to: Int32.self)
    let rowTable = columnTable + columns.tableCount
    let lines = (memory + tables).assumingMemoryBound(to: UInt8.self)
    let source = lines + rowCount * lineBytes
    columns.fill(columnTable)
    rows.fill(rowTable)

    for row in 0..<rowCount {
      gather(pixels, image.format, row: firstRow + row, into: source)
      let line = lines + row * lineBytes
      for column in 0..<width {
        let (start, weights) = columns.window(columnTable, column)
        for channel in 0..<channels {
          line[column &* channels &+ channel] = weights.sum(source + (start &* channels &+ channel), stride: channels)
        }
      }
    }
    guard let result = output.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
    for row in 0..<height {
      let (start, weights) = rows.window(rowTable, row)
      let line = lines + (start - firstRow) * lineBytes
      for byte in 0..<lineBytes { result[row &* lineBytes &+ byte] = weights.sum(line + byte, stride: lineBytes) }
    }
  }

  private func workspace(_ size: Int, _ available: UInt64) throws(GoogLeNetError) -> UnsafeMutableRawPointer {
    if let workspace, workspace.bytes.count >= size, let base = workspace.mutableBytes.baseAddress { return base }
    guard UInt64(size) <= available else {
      throw GoogLeNetError(
        .limitExceeded, "resizing a picture takes \(size) bytes: the memory limit leaves \(available)")
    }
    workspace = nil
    guard let block = HeapBlock(byteCount: size), let base = block.mutableBytes.baseAddress else {
      throw GoogLeNetError(.outOfMemory, "no memory for \(size) bytes to resize a picture")
    }
    try Allocation.check()
    workspace = block
    return base
  }

  /// One row of the picture as RGB, or as gray with Pillow's weights (ITU-R 601-2 luma in 16-bit fixed point).
  @_optimize(speed)
  private func gather(
    _ pixels: UprightPixels, _ format: PixelFormat, row: Int, into line: UnsafeMutablePointer<UInt8>
  ) {
    let offsets = format.channelOffsets
    var next = line
    for column in 0..<pixels.width {
      let pixel = pixels.pixel(row: row, column: column)
      if channels == 3 {
        next[0] = pixel[offsets.red]
        next[1] = pixel[offsets.green]
        next[2] = pixel[offsets.blue]
      } else if format == .gray {
        next[0] = pixel[0]
      } else {
        let luma =
          UInt32(pixel[offsets.red]) &* 19595 &+ UInt32(pixel[offsets.green]) &* 38470
          &+ UInt32(pixel[offsets.blue]) &* 7471 &+ 0x8000
        next[0] = UInt8(truncatingIfNeeded: luma &>> 16)
      }
      next += channels
    }
  }
}
