import CKernels

/// Direct convolution of unsigned bytes by signed integers. Where `Dot` multiplies bytes it reads the input in place; where
/// it multiplies 16-bit numbers it first widens a band of input rows into scratch, once for all output channels.
///
/// Packed weights: for each block of output channels the biases, the multipliers, and then for each tap (row by row)
/// and group of `Dot.groupLength` inputs the weights of the block's channels, a group in 4 bytes.
struct IntegerConvolution<Dot: DotProduct> {
  /// Blocks that one output pixel's item computes at once.
  @inline(__always) static var vectorTileBlocks: Int { 4 }
  /// Bytes that a band of widened rows should not exceed, so that it stays in the second-level cache.
  @inline(__always) static var bandBytes: Int { 128 &* 1024 }
  /// Bytes that widening may write, and tiles may read, past the last value.
  @inline(__always) static var widenedSlack: Int { 64 }
  /// Sums of the largest tile.
  typealias Results = InlineArray<28, Sums>

  let shape: gln_integer_convolution
  let blocks: ChannelBlocks
  /// Vectors of bias, multipliers and weights for one vector of output channels.
  let vectorLength: Int
  /// Whether one long row of output pixels can stand for all rows.
  let isFlat: Bool
  /// Rows of output whose input is widened at a time, and their number; one band where nothing is widened.
  let bandRows: Int
  let bands: Int
  let loop: IntegerTileLoop

  init(_ shape: gln_integer_convolution) {
    self.shape = shape
    let channels = Int(shape.input_channels)
    let height = Int(shape.output_height)
    let width = Int(shape.output_width)
    let tapRows = Int(shape.kernel_height)
    let inputColumns =
      (width &- 1) &* Int(shape.stride_width) &+ (Int(shape.kernel_width) &- 1)
      &* Int(shape.dilation_width) &+ 1
    // What tiles read: the input itself, or its widened rows without gaps.
    let valueBytes = 4 / Dot.groupLength
    let pixelStride = Dot.widensInput ? channels : shape.input_pixel_stride
    let rowStride = Dot.widensInput ? inputColumns &* channels : shape.input_row_stride
    blocks = ChannelBlocks(channels: Int(shape.output_channels))
    let isRun = shape.dilation_width == 1 && pixelStride == channels
    let tapColumns = isRun ? 1 : Int(shape.kernel_width)
    let tapLength = isRun ? Int(shape.kernel_width) &* channels : channels
    let tapGroups = (tapLength &+ Dot.groupLength &- 1) / Dot.groupLength
    vectorLength = 2 &+ tapRows &* tapColumns &* tapGroups
    isFlat =
      tapRows == 1 && shape.kernel_width == 1 && shape.stride_height == 1 && shape.stride_width == 1
      && rowStride == width &* pixelStride && shape.output_row_stride == width &* shape.output_pixel_stride
    loop = IntegerTileLoop(
      tapRows: tapRows, tapColumns: tapColumns, tapGroups: tapGroups,
      tapRowStep: Int(shape.dilation_height) &* rowStride &* valueBytes,
      tapColumnStep: Int(shape.dilation_width) &* pixelStride &* valueBytes,
      inputRowStep: Int(shape.stride_height) &* rowStride &* valueBytes,
      inputColumnStep: Int(shape.stride_width) &* pixelStride &* valueBytes,
      outputRowStep: shape.output_row_stride &* Self.outputBytes(shape),
      outputColumnStep: shape.output_pixel_stride &* Self.outputBytes(shape),
      writesWords: shape.output_type == GLN_INTEGER_OUTPUT_U16)
    if Dot.widensInput {
      let rowBytes = rowStride &* valueBytes
      let windowRows = (tapRows &- 1) &* Int(shape.dilation_height) &+ 1
      let fitting = (Self.bandBytes / rowBytes &- windowRows) / Int(shape.stride_height) &+ 1
      let share = (height &+ Int(shape.threads) &- 1) / Swift.max(1, Int(shape.threads))
      bandRows = Swift.max(1, Swift.min(fitting, share))
      bands = (height &+ bandRows &- 1) / bandRows
    } else {
      bandRows = height
      bands = 1
    }
  }

  /// Bytes of an output value.
  @inline(__always)
  private static func outputBytes(_ shape: gln_integer_convolution) -> Int {
    switch shape.output_type {
    case GLN_INTEGER_OUTPUT_U8: 1
    case GLN_INTEGER_OUTPUT_U16: 2
    default: 4
    }
  }

  @inline(__always)
  private var isVector: Bool { shape.output_height == 1 && shape.output_width == 1 }

  @inline(__always)
  private func grid(rows: Int) -> TileGrid {
    let width = Int(shape.output_width)
    return isFlat ? TileGrid(height: 1, width: rows &* width) : TileGrid(height: rows, width: width)
  }

  /// The cut of blocks, as many at a time as an item has, where the output is one pixel.
  @inline(__always)
  private var vectorCut: WorkCut {
    WorkCut(items: (blocks.count &+ Self.vectorTileBlocks &- 1) / Self.vectorTileBlocks, threads: shape.threads)
  }

  /// The cut of blocks of a band where the input is widened.
  @inline(__always)
  private var bandCut: WorkCut { WorkCut(items: bands &* blocks.count, threads: shape.threads) }

  @inline(__always)
  private var tileCut: TileCut {
    TileCut(tiles: grid(rows: bandRows).count, blocks: blocks.count, threads: shape.threads)
  }

  @inline(__always)
  var units: Int { isVector ? vectorCut.units : Dot.widensInput ? bandCut.units : tileCut.units }

  @inline(__always)
  var packedSize: Int { blocks.vectors &* vectorLength &* MemoryLayout<Sums>.size }

  /// Input rows below the first output row's first that `rows` rows of output read.
  @inline(__always)
  private func inputRows(_ rows: Int) -> Int {
    (rows &- 1) &* Int(shape.stride_height) &+ (Int(shape.kernel_height) &- 1) &* Int(shape.dilation_height) &+ 1
  }

  @inline(__always)
  private var inputColumns: Int {
    (Int(shape.output_width) &- 1) &* Int(shape.stride_width) &+ (Int(shape.kernel_width) &- 1)
      &* Int(shape.dilation_width) &+ 1
  }

  /// Enough for any number of threads: more of them only make the bands smaller.
  @inline(__always)
  static func scratchSize(_ shape: gln_integer_convolution) -> Int {
    guard Dot.widensInput else { return 0 }
    var alone = shape
    alone.threads = 1
    let convolution = IntegerConvolution(alone)
    let values = convolution.inputRows(convolution.bandRows) &* convolution.inputColumns &* Int(shape.input_channels)
    return values &* 2 &+ widenedSlack
  }

  @inline(__always)
  private func packedBlock(_ block: Int) -> UnsafePointer<Sums> {
    shape.weights.unsafelyUnwrapped.assumingMemoryBound(to: Sums.self) + block &* Tier.tileVectors &* vectorLength
  }

  /// Computes a unit of a convolution that the kernel table's caller describes.
  static func run(_ arguments: UnsafeRawPointer?, _ unit: Int32, _ scratch: UnsafeMutableRawPointer?) {
    IntegerConvolution(arguments.unsafelyUnwrapped.load(as: gln_integer_convolution.self)).run(
      unit, scratch.unsafelyUnwrapped)
  }

  private func run(_ unit: Int32, _ scratch: UnsafeMutableRawPointer) {
    let input = UnsafeRawPointer(shape.input.unsafelyUnwrapped)
    let requantization = Requantization(shape, gln_findings_of(scratch))
    var results = Results { _ in Sums(repeating: 0) }
    var storage = results.mutableSpan
    storage.withUnsafeMutableBufferPointer { storage in
      let results = storage.baseAddress.unsafelyUnwrapped
      withUnsafePointer(to: loop) { loop in
        if isVector {
          let values = Dot.widensInput ? widen(band: 0, scratch) : input
          let (first, end) = vectorCut.range(unit)
          for item in first..<end { runVectorItem(item, loop, values, results, requantization) }
        } else if Dot.widensInput {
          let (first, end) = bandCut.range(unit)
          runBands(first, end, loop, scratch, results, requantization)
        } else {
          let grid = grid(rows: bandRows)
          tileCut.forEachRun(of: unit) { block, first, end in
            for tile in first..<end {
              runTile(tile, grid, block, place: tile &- first, firstRow: 0, loop, input, results, requantization)
            }
          }
        }
      }
    }
  }

  @inline(__always)
  private func runBands(
    _ first: Int, _ end: Int, _ loop: UnsafePointer<IntegerTileLoop>, _ scratch: UnsafeMutableRawPointer,
    _ results: UnsafeMutablePointer<Sums>, _ requantization: Requantization
  ) {
    var widened = -1
    for item in first..<end {
      let band = item / blocks.count
      if band != widened {
        _ = widen(band: band, scratch)
        widened = band
      }
      let firstRow = band &* bandRows
      let grid = grid(rows: Swift.min(bandRows, Int(shape.output_height) &- firstRow))
      for tile in 0..<grid.count {
        runTile(
          tile, grid, item &- band &* blocks.count, place: tile, firstRow: firstRow, loop, UnsafeRawPointer(scratch),
          results, requantization)
      }
    }
  }

  /// - Parameters:
  ///   - place: its place among the block's tiles that are done one after another.
  ///   - firstRow: the output row where the grid begins.
  ///   - input: what the grid's first output pixel reads first.
  @inline(__always)
  private func runTile(
    _ index: Int, _ grid: TileGrid, _ block: Int, place: Int, firstRow: Int, _ loop: UnsafePointer<IntegerTileLoop>,
    _ input: UnsafeRawPointer, _ results: UnsafeMutablePointer<Sums>, _ requantization: Requantization
  ) {
    let tile = grid.tile(index)
    let vectors = blocks.vectors(block)
    let packed = packedBlock(block)
    // The first tiles of a block ask for the next block's weights, a cache line for each vector.
    let asks = place < Tier.tileVectors && block &+ 1 < blocks.count
    let ahead = asks ? packedBlock(block &+ 1) + place &* vectorLength &* 64 / MemoryLayout<Sums>.size : packed
    let source = input + (tile.row &* loop.pointee.inputRowStep &+ tile.column &* loop.pointee.inputColumnStep)
    let offset =
      (firstRow &+ tile.row) &* shape.output_row_stride &+ tile.column &* shape.output_pixel_stride
      &+ blocks.firstChannel(block)
    var arguments = IntegerConvolutionTile<Dot>.Arguments(
      loop: loop, input: source, start: packed, weights: packed + 2 &* vectors, ahead: ahead, aheadStep: asks ? 64 : 0,
      results: results, output: nil)
    if tile.rows &* tile.columns == Tier.tileColumns && blocks.lanes(block) == ChannelBlocks.width
      && shape.output_type != GLN_INTEGER_OUTPUT_F32
    {
      arguments.output = shape.output.unsafelyUnwrapped + offset &* Self.outputBytes(shape)
    }
    IntegerConvolutionTile<Dot>.run(rows: tile.rows, columns: tile.columns, vectors: vectors, arguments)
    if arguments.output != nil { return }
    requantization.store(
      results, packed + vectors, rows: tile.rows, columns: tile.columns, vectors: vectors, offset: offset,
      lanes: blocks.lanes(block))
  }

  @inline(__always)
  private func runVectorItem(
    _ item: Int, _ loop: UnsafePointer<IntegerTileLoop>, _ input: UnsafeRawPointer,
    _ results: UnsafeMutablePointer<Sums>,
    _ requantization: Requantization
  ) {
    let first = item &* Self.vectorTileBlocks
    let end = Swift.min(first &+ Self.vectorTileBlocks, blocks.count)
    guard first &+ Self.vectorTileBlocks <= blocks.full else {
      let grid = grid(rows: 1)
      for block in first..<end { runTile(0, grid, block, place: 0, firstRow: 0, loop, input, results, requantization) }
      return
    }
    IntegerVectorTile<Dot, 4, 2>.run(loop, input, packedBlock(first), Tier.tileVectors &* vectorLength, results)
    for block in first..<end {
      requantization.store(
        results + (block &- first) &* Tier.tileVectors, packedBlock(block) + Tier.tileVectors, rows: 1, columns: 1,
        vectors: Tier.tileVectors, offset: blocks.firstChannel(block), lanes: ChannelBlocks.width)
    }
  }

  /// Writes the input rows of a band as 16-bit numbers, without gaps.
  @inline(never)
  private func widen(band: Int, _ scratch: UnsafeMutableRawPointer) -> UnsafeRawPointer {
    let firstRow = band &* bandRows
    let rows = inputRows(Swift.min(bandRows, Int(shape.output_height) &- firstRow))
    let hasGaps = shape.input_pixel_stride != Int(shape.input_channels)
    let length = hasGaps ? Int(shape.input_channels) : inputColumns &* Int(shape.input_channels)
    let runs = hasGaps ? inputColumns : 1
    var place = scratch.assumingMemoryBound(to: UInt16.self)
    for row in 0..<rows {
      var values =
        shape.input.unsafelyUnwrapped + (firstRow &* Int(shape.stride_height) &+ row) &* shape.input_row_stride
      for _ in 0..<runs {
        var index = 0
        while index < length {
          gln_widen_16(values + index, place + index)
          index &+= 16
        }
        values += shape.input_pixel_stride
        place += length
      }
    }
    return UnsafeRawPointer(scratch)
  }

  /// Packs weights (output channels, input channels, kernel height, kernel width), biases and multipliers.
  @inline(never)
  @_optimize(size)
  static func pack(
    _ shape: UnsafePointer<gln_integer_convolution>?, isWide: Bool, _ weights: UnsafeRawPointer?,
    _ bias: UnsafePointer<Int32>?, _ multipliers: UnsafePointer<Float>?, _ packed: UnsafeMutableRawPointer?
  ) {
    let convolution = IntegerConvolution(shape.unsafelyUnwrapped.pointee)
    let weights = IntegerWeights(values: weights.unsafelyUnwrapped, isWide: isWide)
    IntegerPacking(
      blocks: convolution.blocks, vectorLength: convolution.vectorLength, outputType: convolution.shape.output_type
    ).forEachChannel(packed.unsafelyUnwrapped) { channel, place, step in
      place.storeBytes(of: bias.unsafelyUnwrapped[channel], as: Int32.self)
      place.storeBytes(of: multipliers.unsafelyUnwrapped[channel], toByteOffset: step, as: Float.self)
      convolution.packChannel(weights, channel, place + 2 &* step, step: step)
    }
  }

  /// Writes an output channel's weights, groups `step` bytes apart, zeros where a tap's inputs end within a group.
  @inline(__always)
  private func packChannel(_ weights: IntegerWeights, _ output: Int, _ target: UnsafeMutableRawPointer, step: Int) {
    let channels = Int(shape.input_channels)
    let kernelWidth = Int(shape.kernel_width)
    let taps = Int(shape.kernel_height) &* kernelWidth
    let endColumns = loop.tapColumns == kernelWidth ? 1 : kernelWidth
    let first = output &* channels &* taps
    var place = target
    for tap in 0..<loop.tapRows &* loop.tapColumns {
      let firstOfTap = first &+ tap &* endColumns
      var column = 0
      var channel = 0
      for _ in 0..<loop.tapGroups {
        for member in 0..<Dot.groupLength {
          let value = column < endColumns ? weights[firstOfTap &+ column &+ channel &* taps] : 0
          place.storeBytes(
            of: Dot.Factor(truncatingIfNeeded: value), toByteOffset: member &* MemoryLayout<Dot.Factor>.size,
            as: Dot.Factor.self)
          channel &+= 1
          if channel == channels {
            channel = 0
            column &+= 1
          }
        }
        place += step
      }
    }
  }
}
