import CKernels

/// Direct convolution: reads the input in place, keeps sums of a tile of outputs in registers.
///
/// Packed weights: for each block of output channels the biases, then for each tap (row by row) and input channel the
/// weights of the block's channels.
struct DirectConvolution {
  /// Blocks that one output pixel's item computes at once.
  @inline(__always) static var vectorTileBlocks: Int { 4 }

  let blocks: ChannelBlocks
  let grid: TileGrid
  /// Vectors of weights and bias for one vector of output channels.
  let vectorLength: Int
  let loop: TileLoop

  init(_ shape: gln_f32_convolution) {
    let channels = Int(shape.input_channels)
    let pixelStride = shape.input_pixel_stride
    let rowStride = shape.input_row_stride
    var height = Int(shape.output_height)
    var width = Int(shape.output_width)
    var tapRows = Int(shape.kernel_height)
    var tapColumns = Int(shape.kernel_width)
    var tapLength = channels
    let tapRowStep = Int(shape.dilation_height) &* rowStride
    vectorLength = tapRows &* tapColumns &* channels &+ 1
    if tapRows == 1 && tapColumns == 1 && shape.stride_height == 1 && shape.stride_width == 1
      && rowStride == width &* pixelStride && shape.output_row_stride == width &* shape.output_pixel_stride
    {
      width &*= height
      height = 1
    }
    if tapColumns > 1 && shape.dilation_width == 1 && pixelStride == channels {
      tapLength &*= tapColumns
      tapColumns = 1
    }
    if tapRows > 1 && tapColumns == 1 && tapRowStep == tapLength {
      tapLength &*= tapRows
      tapRows = 1
    }
    blocks = ChannelBlocks(channels: Int(shape.output_channels))
    grid = TileGrid(height: height, width: width)
    loop = TileLoop(
      tapRows: tapRows, tapColumns: tapColumns, tapLength: tapLength, tapRowStep: tapRowStep,
      tapColumnStep: Int(shape.dilation_width) &* pixelStride, inputRowStep: Int(shape.stride_height) &* rowStride,
      inputColumnStep: Int(shape.stride_width) &* pixelStride, outputRowStep: shape.output_row_stride,
      outputColumnStep: shape.output_pixel_stride, minimum: shape.minimum, findings: nil,
      prefetch: UnsafeRawPointer(bitPattern: 64).unsafelyUnwrapped, prefetchStep: 0)
  }

  @inline(__always)
  var isVector: Bool { grid.height == 1 && grid.width == 1 }

  /// The cut of blocks, as many at a time as an item has, where the output is one pixel.
  @inline(__always)
  private func vectorCut(_ threads: Int32) -> WorkCut {
    WorkCut(items: (blocks.count &+ Self.vectorTileBlocks &- 1) / Self.vectorTileBlocks, threads: threads)
  }

  /// On small images much of the time goes into fetching weights, and a unit does best with many tiles.
  @inline(__always)
  private func tileCut(_ threads: Int32) -> TileCut {
    let tiles = grid.count
    return TileCut(tiles: tiles, blocks: blocks.count, threads: threads, unitsPerThread: tiles <= 16 ? 1 : 4)
  }

  @inline(__always)
  func units(_ threads: Int32) -> Int { isVector ? vectorCut(threads).units : tileCut(threads).units }

  @inline(__always)
  var packedSize: Int { blocks.vectors &* vectorLength &* MemoryLayout<Vec>.size }

  /// Where a block's bias and weights begin.
  @inline(__always)
  func packedBlock(_ block: Int, _ packed: UnsafePointer<Float>) -> UnsafePointer<Vec> {
    UnsafeRawPointer(packed).assumingMemoryBound(to: Vec.self) + block &* Tier.tileVectors &* vectorLength
  }

  /// Where the weights begin that a unit reads first.
  func firstWeights(_ arguments: gln_f32_convolution, _ unit: Int32) -> UnsafePointer<Float> {
    let block =
      isVector
      ? vectorCut(arguments.threads).range(unit).first &* Self.vectorTileBlocks
      : tileCut(arguments.threads).firstBlock(of: unit)
    return UnsafeRawPointer(packedBlock(block, arguments.weights.unsafelyUnwrapped)).assumingMemoryBound(to: Float.self)
  }

  /// Computes a unit.
  func run(
    _ arguments: gln_f32_convolution, _ unit: Int32, _ findings: UnsafeMutablePointer<gln_findings>
  ) {
    let input = arguments.input.unsafelyUnwrapped
    let packed = arguments.weights.unsafelyUnwrapped
    let output = arguments.output.unsafelyUnwrapped
    var loop = loop
    loop.findings = findings
    withUnsafeMutablePointer(to: &loop) { loop in
      if isVector {
        let (first, end) = vectorCut(arguments.threads).range(unit)
        for item in first..<end { runVectorItem(loop, item, input, packed, output) }
      } else {
        let cut = tileCut(arguments.threads)
        let last = cut.lastBlock(of: unit)
        let following = arguments.followingWeights(unit)
        cut.forEachRun(of: unit) { block, first, end in
          let next = block < last ? UnsafeRawPointer(packedBlock(block &+ 1, packed)) : following
          runTiles(loop, block, first, end, input, packed, next, output)
        }
      }
    }
  }

  /// Computes a range of tiles of a block. Each asks for its share of a block's weights at `next`.
  @inline(__always)
  private func runTiles(
    _ loop: UnsafeMutablePointer<TileLoop>, _ block: Int, _ first: Int, _ end: Int, _ input: UnsafePointer<Float>,
    _ packed: UnsafePointer<Float>, _ next: UnsafeRawPointer, _ output: UnsafeMutablePointer<Float>
  ) {
    let share = blocks.vectors(block) &* MemoryLayout<Vec>.size / (end &- first)
    loop.pointee.prefetchStep = share
    for tile in first..<end {
      loop.pointee.prefetch = next + (tile &- first) &* (share &* (vectorLength &- 1))
      runTile(loop, block, tile, input, packed, output)
    }
  }

  @inline(__always)
  private func runTile(
    _ loop: UnsafePointer<TileLoop>, _ block: Int, _ index: Int, _ input: UnsafePointer<Float>,
    _ packed: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>
  ) {
    let tile = grid.tile(index)
    let weights = packedBlock(block, packed)
    let vectors = blocks.vectors(block)
    ConvolutionTile.run(
      rows: tile.rows, columns: tile.columns, vectors: vectors,
      .init(
        loop: loop,
        input: input + (tile.row &* loop.pointee.inputRowStep &+ tile.column &* loop.pointee.inputColumnStep),
        start: weights, weights: weights + vectors,
        output: output
          + (tile.row &* loop.pointee.outputRowStep &+ tile.column &* loop.pointee.outputColumnStep
            &+ blocks.firstChannel(block)),
        lastLanes: blocks.lastLanes(block)))
  }

  @inline(__always)
  private func runVectorItem(
    _ loop: UnsafePointer<TileLoop>, _ item: Int, _ input: UnsafePointer<Float>, _ packed: UnsafePointer<Float>,
    _ output: UnsafeMutablePointer<Float>
  ) {
    let first = item &* Self.vectorTileBlocks
    if first &+ Self.vectorTileBlocks <= blocks.full {
      VectorTile<4, 2>.run(
        loop, input, packedBlock(first, packed), Tier.tileVectors &* vectorLength, output + blocks.firstChannel(first))
    } else {
      for block in first..<Swift.min(first &+ Self.vectorTileBlocks, blocks.count) {
        runTile(loop, block, 0, input, packed, output)
      }
    }
  }

  /// Packs weights (output channels, input channels, kernel height, kernel width) and biases (none: zeros).
  @_optimize(size)
  func pack(
    _ shape: gln_f32_convolution, _ weights: UnsafePointer<Float>, _ bias: UnsafePointer<Float>?,
    _ packed: UnsafeMutablePointer<Float>
  ) {
    let channels = Int(shape.input_channels)
    let taps = Int(shape.kernel_height) &* Int(shape.kernel_width)
    let length = channels &* taps
    for block in 0..<blocks.count {
      let lanes = blocks.vectors(block) &* Vec.scalarCount
      let firstChannel = blocks.firstChannel(block)
      let used = Swift.min(lanes, blocks.channels &- firstChannel)
      let start = packed + firstChannel &* vectorLength
      let body = start + lanes
      let source = weights + firstChannel &* length
      for lane in 0..<used { start[lane] = bias.map { $0[firstChannel &+ lane] } ?? 0 }
      for lane in used..<lanes { start[lane] = 0 }
      for channel in 0..<channels {
        for tap in 0..<taps {
          let values = source + (channel &* taps &+ tap)
          let place = body + (tap &* channels &+ channel) &* lanes
          for lane in 0..<used { place[lane] = values[lane &* length] }
          for lane in used..<lanes { place[lane] = 0 }
        }
      }
    }
  }
}

/// The table's record of direct convolution.
func directAlgorithm() -> gln_f32_convolution_algorithm {
  gln_f32_convolution_algorithm(
    name: cName("direct"), phases: 1,
    supports: { _ in 1 },
    extra_input: { _, rows, columns in
      rows.unsafelyUnwrapped.pointee = 0
      columns.unsafelyUnwrapped.pointee = 0
    },
    packed_size: { shape in DirectConvolution(shape.unsafelyUnwrapped.pointee).packedSize },
    pack: { shape, weights, bias, packed in
      let shape = shape.unsafelyUnwrapped.pointee
      DirectConvolution(shape).pack(shape, weights.unsafelyUnwrapped, bias, packed.unsafelyUnwrapped)
    },
    tile: nil, shared_size: { _ in 0 }, scratch_size: { _ in 0 },
    unit_count: { shape, _ in
      let shape = shape.unsafelyUnwrapped.pointee
      return Int32(DirectConvolution(shape).units(shape.threads))
    },
    first_weights: { arguments, unit in
      let arguments = arguments.unsafelyUnwrapped.pointee
      return DirectConvolution(arguments).firstWeights(arguments, unit)
    },
    run: { arguments, _, unit, scratch in
      let shape = arguments.unsafelyUnwrapped.load(as: gln_f32_convolution.self)
      DirectConvolution(shape).run(shape, unit, gln_findings_of(scratch))
    })
}

/// A C string that lives for ever.
func cName(_ name: StaticString) -> UnsafePointer<CChar> {
  UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)
}
