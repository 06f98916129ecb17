/// Resizes a picture, or a part of one, to the network's input. With the antialiased rules the result is the same, byte for
/// byte, as Pillow's `resize(BILINEAR)`, horizontally, then vertically, followed by a crop.
final class Cropper {
  private let height: Int
  private let width: Int
  private let rule: Preprocessing.ResizeRule
  private let shortSide: Int
  private let channels: Int
  /// The mean as RGB or gray bytes, for what lies beyond a picture.
  private let fill: InlineArray<3, UInt8>
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
    var fill = InlineArray<3, UInt8>(repeating: 0)
    for channel in preprocessing.mean.indices.prefix(channels) {
      let mean = max(0, min(255, preprocessing.mean[channel].rounded(.toNearestOrEven)))
      fill[preprocessing.channelOrder == .bgr ? 2 - channel : channel] = UInt8(mean)
    }
    self.fill = fill
  }

  /// Bytes that it holds between calls.
  var workspaceBytes: Int { workspace?.bytes.count ?? 0 }

  /// Gives back what it holds between calls.
  /// - Returns: whether there was anything.
  func giveBack() -> Bool {
    defer { workspace = nil }
    return workspace != nil
  }

  /// Throws where the network's input has no room for the context that a view asks for.
  func check(_ view: View) throws(GoogLeNetError) {
    guard 2 * view.context < min(width, height) else {
      throw GoogLeNetError(
        .invalidArgument,
        "context is \(view.context): it must be less than half of the network's input of \(width) x \(height)")
    }
  }

  private func geometry(of view: View) -> ViewGeometry {
    switch view.fit {
    case .model: ViewGeometry(view.box, rule: rule, shortSide: shortSide, input: (width, height))
    case .warp, .aspect:
      ViewGeometry(
        view, keepsAspect: view.fit == .aspect, input: (width, height), isAntialiased: rule.isAntialiased)
    }
  }

  /// Writes `height` × `width` × channels bytes, RGB or gray.
  /// - Parameters:
  ///   - available: the most bytes that it may hold.
  ///   - call: looked at from row to row.
  /// - Throws: `limitExceeded`, `outOfMemory`, `cancelled`, or `invalidArgument` for a picture of floats that are not finite.
  @_optimize(speed)
  func crop(_ view: View, into output: UnsafeMutableRawBufferPointer, available: UInt64, during call: CallState?)
    throws(GoogLeNetError)
  {
    // Who hands the view over may have changed it meanwhile.
    try check(view)
    let geometry = geometry(of: view)
    let pixels = UprightPixels(view.picture, geometry.source)
    let (columns, rows) = (geometry.columns, geometry.rows)
    let firstRow = rows.firstInput
    let rowCount = rows.endInput - firstRow

    let lineBytes = columns.count * channels
    let sourceBytes = geometry.source.width * channels
    let tables = (columns.tableCount + rows.tableCount) * MemoryLayout<Int32>.size
    let memory = try workspace(tables + rowCount * lineBytes + sourceBytes, available)
    let columnTable = memory.assumingMemoryBound(to: Int32.self)
    let rowTable = columnTable + columns.tableCount
    let lines = (memory + tables).assumingMemoryBound(to: UInt8.self)
    let source = lines + rowCount * lineBytes
    columns.fill(columnTable)
    rows.fill(rowTable)

    for row in 0..<rowCount {
      try call?.check()
      guard pixels.gather(firstRow + row, channels: channels, into: source) else {
        throw GoogLeNetError(
          .invalidArgument,
          "the picture has values that are infinite or NaN, in row \(geometry.source.top + firstRow + row) as it is seen: "
            + "all must be finite numbers")
      }
      let line = lines + row * lineBytes
      for column in 0..<columns.count {
        let (start, weights) = columns.window(columnTable, column)
        let place = view.isMirrored ? columns.count &- 1 &- column : column
        for channel in 0..<channels {
          line[place &* channels &+ channel] = weights.sum(source + (start &* channels &+ channel), stride: channels)
        }
      }
    }
    guard let result = output.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
    if columns.count < width || rows.count < height { fill(result) }
    let left = view.isMirrored ? width - geometry.left - columns.count : geometry.left
    for row in 0..<rows.count {
      let (start, weights) = rows.window(rowTable, row)
      let line = lines + (start - firstRow) * lineBytes
      let target = result + ((geometry.top + row) * width + left) * channels
      for byte in 0..<lineBytes { target[byte] = weights.sum(line + byte, stride: lineBytes) }
    }
  }

  @_optimize(speed)
  private func fill(_ pixels: UnsafeMutablePointer<UInt8>) {
    for pixel in 0..<height * width {
      for channel in 0..<channels { pixels[pixel &* channels &+ channel] = fill[channel] }
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
}
