import CKernels

/// Winograd convolution. Each form computes a tile of outputs with fewer products for each pair of channels:
/// - F(4 × 4, 3 × 3): 36 instead of 144 for 16 outputs.
/// - F(2 × 2, 3 × 3): 16 instead of 36, with transformed weights less than half as large, which wins on small images, where
///   fetching them takes longer than the products.
/// - F(2 × 2, 5 × 5): 36 instead of 100.
/// - F(3 × 3, 4 × 4) for 7 × 7 with stride 2, the stem: even and odd rows and columns of the image are taken as channels of their
///   own, for which the kernel has 4 × 4 taps and stride 1; 144 instead of 441.
///
/// The tiles' inputs are transformed; then, for each point, tiles × input channels are multiplied by input channels × output
/// channels and transformed back. Tiles come in superblocks whose transformed inputs and products stay in a core's second-level
/// cache, output channels in blocks as wide as the register tile. With enough superblocks for all threads each is done from
/// beginning to end in phase 1; otherwise phase 0 transforms all inputs into shared memory, and threads share a superblock.
///
/// Packed weights: the biases in whole vectors, then for each block, point and input channel the transformed weights.
struct WinogradConvolution {
  /// Tiles of 4 × 4 from which on the larger weights pay.
  @inline(__always) static var leastLargeTiles: Int { 32 }
  /// Values a phase row of the strided form takes in a transformed pixel: of an even row's two pixels, then of an odd row's.
  @inline(__always) static var phaseRowStep: Int { 8 }

  /// Bytes of outputs from which on they are fetched before they are written.
  @inline(__always) static var largeOutput: Int { 1 << 20 }

  let blocks: ChannelBlocks
  let inputChannels: Int
  /// 1 or 2.
  let stride: Int
  /// Taps of the kernel in each direction, with stride 2 in each of its phases: 3, 4 or 5.
  let taps: Int
  /// Inputs that a product sums over, in `stride` runs.
  let depth: Int
  /// From a tile's transformed pixel to the next tile's: the depth in whole vectors.
  let channelStep: Int
  /// Outputs of a tile in each direction: 2, 3 or 4.
  let tileSize: Int
  /// Inputs of a tile in each direction: 4 or 6.
  let inputSize: Int
  /// Products of a tile: 16 or 36.
  let points: Int
  let height: Int
  let width: Int
  let tilesAcross: Int
  let tiles: Int
  /// Runs of nearly equally many tiles: a strip is what a register tile computes.
  let strips: Int
  let superblocks: Int
  /// Whether phase 1 transforms the inputs itself.
  let transformsWithin: Bool
  /// Whether the outputs are so many that what was written there last has left the caches.
  let fetchesOutput: Bool
  let threads: Int32

  init(_ shape: gln_f32_convolution) {
    blocks = ChannelBlocks(channels: Int(shape.output_channels))
    inputChannels = Int(shape.input_channels)
    stride = Int(shape.stride_height)
    height = Int(shape.output_height)
    width = Int(shape.output_width)
    taps = stride == 2 ? 4 : Int(shape.kernel_height)
    depth = inputChannels &* stride &* stride
    channelStep =
      stride == 2
      ? 2 &* Self.phaseRowStep : (inputChannels &+ Vec.scalarCount &- 1) / Vec.scalarCount &* Vec.scalarCount
    fetchesOutput = height &* width &* blocks.channels &* MemoryLayout<Float>.size > Self.largeOutput
    let large = ((width &+ 3) / 4) &* ((height &+ 3) / 4) >= Self.leastLargeTiles
    tileSize = taps == 4 ? 3 : taps == 3 && large ? 4 : 2
    inputSize = tileSize &+ taps &- 1
    points = inputSize &* inputSize
    tilesAcross = (width &+ tileSize &- 1) / tileSize
    tiles = tilesAcross &* ((height &+ tileSize &- 1) / tileSize)
    strips = (tiles &+ Tier.tileColumns &- 1) / Tier.tileColumns
    let size = points &* tiles &* (channelStep &+ ChannelBlocks.width) &* MemoryLayout<Float>.size
    let weights = points &* depth &* blocks.vectors &* MemoryLayout<Vec>.size
    let superblockSize = Self.superblockSize(weights: weights)
    let fitting = Swift.min(strips, (size &+ superblockSize &- 1) / superblockSize)
    let threads = Int(shape.threads)
    // As many for each thread, so that none reads what another has transformed. Each then reads all weights.
    let apart = shape.threads_apart != 0 && strips >= 2 &* threads
    superblocks = apart ? Swift.min(strips, (fitting &+ threads &- 1) / threads &* threads) : fitting
    transformsWithin = threads <= 1 || superblocks >= 2 &* threads || superblocks % threads == 0
    self.threads = shape.threads
  }

  /// Bytes of a superblock's transformed inputs and its products for one block of output channels. Each superblock reads all
  /// weights again, so it is large unless they are few.
  @inline(__always)
  private static func superblockSize(weights: Int) -> Int { weights <= 256 << 10 ? 160 << 10 : 700 << 10 }

  /// Whether it wins over direct convolution: enough tiles, mostly inside the image, to reuse the weights, which are larger
  /// transformed; and enough channels to make up for the transforms.
  static func supports(_ shape: gln_f32_convolution) -> Bool {
    guard
      shape.kernel_height == shape.kernel_width, shape.stride_height == shape.stride_width, shape.dilation_height == 1,
      shape.dilation_width == 1, shape.output_channels >= 16
    else { return false }
    switch (shape.kernel_height, shape.stride_height) {
    case (3, 1), (5, 1): guard shape.input_channels >= 16 else { return false }
    case (7, 2):
      guard shape.input_channels == 3 || shape.input_channels == 4,
        shape.input_pixel_stride == Int(shape.input_channels)
      else { return false }
    default: return false
    }
    let convolution = WinogradConvolution(shape)
    return convolution.tiles >= 16
      && 2 &* convolution.height &* convolution.width >= convolution.tiles &* convolution.tileSize
        &* convolution.tileSize
  }

  /// Rows or columns of input that the last tiles read beyond those that `size` outputs need.
  @inline(__always)
  func extraInput(_ size: Int) -> Int {
    let outside = (size &+ tileSize &- 1) / tileSize &* tileSize &- size
    return stride == 2 ? 2 &* outside &+ 1 : outside
  }

  @inline(__always)
  func firstTile(ofStrip strip: Int) -> Int { strip &* tiles / strips }

  @inline(__always)
  func firstStrip(ofSuperblock superblock: Int) -> Int { superblock &* strips / superblocks }

  @inline(__always)
  func firstTile(ofSuperblock superblock: Int) -> Int { firstTile(ofStrip: firstStrip(ofSuperblock: superblock)) }

  /// From one point to the next: an odd number of cache lines, so that the points do not compete for the same cache sets.
  @inline(__always)
  static func pointStep(_ count: Int) -> Int {
    let line = 64 / MemoryLayout<Float>.size
    return ((count &+ line &- 1) / line | 1) &* line
  }

  @inline(__always)
  func inputPointStep(_ superblock: Int) -> Int {
    Self.pointStep((firstTile(ofSuperblock: superblock &+ 1) &- firstTile(ofSuperblock: superblock)) &* channelStep)
  }

  /// Most tiles of a superblock.
  @inline(__always)
  var superblockTiles: Int {
    var most = 0
    for superblock in 0..<superblocks {
      most = Swift.max(most, firstTile(ofSuperblock: superblock &+ 1) &- firstTile(ofSuperblock: superblock))
    }
    return most
  }

  /// Values of a superblock's transformed inputs.
  @inline(__always)
  var superblockInputs: Int { points &* Self.pointStep(superblockTiles &* channelStep) }

  @inline(__always)
  var sharedSize: Int {
    transformsWithin ? 0 : superblocks &* superblockInputs &* MemoryLayout<Float>.size
  }

  /// Transformed inputs, where they are not shared, and the products of a superblock for one block of output channels.
  @inline(__always)
  var scratchSize: Int {
    ((transformsWithin ? superblockInputs : 0) &+ superblockTiles &* points &* ChannelBlocks.width)
      &* MemoryLayout<Float>.size
  }

  @inline(__always)
  var packedSize: Int { (blocks.vectors &+ blocks.vectors &* points &* depth) &* MemoryLayout<Vec>.size }

  @inline(__always)
  func cut(_ phase: Int32) -> WorkCut {
    if transformsWithin { return WorkCut(items: superblocks, threads: threads) }
    return phase == 0
      ? WorkCut(items: tiles, threads: threads)
      : WorkCut(items: strips &* blocks.count, threads: threads, unitsPerThread: 1)
  }

  func units(_ phase: Int32) -> Int { phase == 0 && transformsWithin ? 0 : cut(phase).units }

  func run(
    _ arguments: gln_f32_convolution, _ phase: Int32, _ unit: Int32, _ scratch: UnsafeMutablePointer<Float>
  ) {
    let (first, end) = cut(phase).range(unit)
    let findings: UnsafeMutablePointer<gln_findings> = gln_findings_of(scratch)
    if transformsWithin {
      let products = scratch + superblockInputs
      for superblock in first..<end {
        let (firstStrip, endStrip) = (firstStrip(ofSuperblock: superblock), firstStrip(ofSuperblock: superblock &+ 1))
        transformInput(
          arguments, firstTile(ofStrip: firstStrip), firstTile(ofStrip: endStrip), scratch, inputPointStep(superblock))
        for block in 0..<blocks.count {
          let next =
            block &+ 1 < blocks.count
            ? UnsafeRawPointer(blockWeights(arguments, block &+ 1))
            : superblock &+ 1 < end ? UnsafeRawPointer(blockWeights(arguments, 0)) : arguments.followingWeights(unit)
          multiply(arguments, superblock, block, firstStrip, endStrip, scratch, products, next, findings)
        }
      }
    } else if phase == 0 {
      transformSharedInput(arguments, first, end)
    } else {
      multiplySharedInput(arguments, first, end, scratch, arguments.followingWeights(unit), findings)
    }
  }

  /// Where a block's transformed weights begin.
  @inline(__always)
  private func blockWeights(_ arguments: gln_f32_convolution, _ block: Int) -> UnsafePointer<Vec> {
    UnsafeRawPointer(arguments.weights.unsafelyUnwrapped).assumingMemoryBound(to: Vec.self)
      + (blocks.vectors &+ block &* Tier.tileVectors &* points &* depth)
  }

  /// Where the weights begin that a unit of phase 1 reads first.
  func firstWeights(_ arguments: gln_f32_convolution, _ unit: Int32) -> UnsafePointer<Float> {
    let block = transformsWithin ? 0 : place(ofItem: cut(1).range(unit).first).block
    return UnsafeRawPointer(blockWeights(arguments, block)).assumingMemoryBound(to: Float.self)
  }

  // MARK: Transforms

  /// Transforms tiles of any superblocks.
  private func transformSharedInput(_ arguments: gln_f32_convolution, _ first: Int, _ end: Int) {
    let shared = arguments.shared.unsafelyUnwrapped
    var superblock = 0
    var tile = first
    while tile < end {
      while tile >= firstTile(ofSuperblock: superblock &+ 1) { superblock &+= 1 }
      let endOfRun = Swift.min(end, firstTile(ofSuperblock: superblock &+ 1))
      let target =
        shared + (superblock &* superblockInputs &+ (tile &- firstTile(ofSuperblock: superblock)) &* channelStep)
      transformInput(arguments, tile, endOfRun, target, inputPointStep(superblock))
      tile = endOfRun
    }
  }

  /// Transforms tiles of one superblock, the first one to `target`.
  private func transformInput(
    _ arguments: gln_f32_convolution, _ first: Int, _ end: Int, _ target: UnsafeMutablePointer<Float>, _ pointStep: Int
  ) {
    let rowStep = arguments.input_row_stride
    let pixelStep = arguments.input_pixel_stride
    for tile in first..<end {
      let down = tile / tilesAcross
      let across = tile &- down &* tilesAcross
      let source =
        arguments.input.unsafelyUnwrapped
        + tileSize &* stride &* (down &* rowStep &+ across &* pixelStep)
      let target = target + (tile &- first) &* channelStep
      var lane = 0
      while lane < channelStep {
        let corner = source + lane
        if stride == 2 {
          // Half a vector may come from another row of pixels than the other half.
          let low = source + Self.phaseOffset(lane, rowStep)
          let high = source + Self.phaseOffset(lane &+ Vec.scalarCount / 2, rowStep)
          WinogradTile<6, 3>.transformInput(target + lane, pointStep) { row, column in
            let offset = 2 &* (row &* rowStep &+ column &* pixelStep)
            return gln_load_halves(low + offset, high + offset)
          }
        } else if inputSize == 6 {
          WinogradTile<6, 4>.transformInput(target + lane, pointStep) { row, column in
            load(corner + (row &* rowStep &+ column &* pixelStep))
          }
        } else {
          WinogradTile<4, 2>.transformInput(target + lane, pointStep) { row, column in
            load(corner + (row &* rowStep &+ column &* pixelStep))
          }
        }
        lane &+= Vec.scalarCount
      }
    }
  }

  /// Where a lane of the strided form's transformed pixel comes from.
  @inline(__always)
  private static func phaseOffset(_ lane: Int, _ rowStep: Int) -> Int {
    let row = lane / phaseRowStep
    return row &* rowStep &+ lane &- row &* phaseRowStep
  }

  /// Where a tile's outputs from `channel` on begin, and how many of its rows and columns lie in the image.
  @inline(__always)
  private func outputs(_ arguments: gln_f32_convolution, _ tile: Int, _ channel: Int) -> (
    first: UnsafeMutablePointer<Float>, rows: Int, columns: Int
  ) {
    let row = tile / tilesAcross &* tileSize
    let column = tile % tilesAcross &* tileSize
    let offset = row &* arguments.output_row_stride &+ column &* arguments.output_pixel_stride
    return (
      arguments.output.unsafelyUnwrapped + (offset &+ channel), Swift.min(tileSize, height &- row),
      Swift.min(tileSize, width &- column)
    )
  }

  /// What `WinogradTile.transformOutput` does, for the form's tile.
  private func transformOutput(
    _ arguments: gln_f32_convolution, _ tile: Int, _ products: UnsafePointer<Float>, _ step: Int,
    _ bias: UnsafePointer<Vec>, _ channel: Int, _ count: Int, edge: UnsafeMutablePointer<Float>
  ) -> FiniteCheck {
    let (output, rows, columns) = outputs(arguments, tile, channel)
    let rowStride = arguments.output_row_stride
    let pixelStride = arguments.output_pixel_stride
    let minimum = Vec(repeating: arguments.minimum)
    switch (inputSize, tileSize) {
    case (6, 4):
      return WinogradTile<6, 4>.transformOutput(
        products, step, bias: bias, minimum: minimum, output, rowStride: rowStride, pixelStride: pixelStride,
        rows: rows, columns: columns, count: count, edge: edge)
    case (6, 3):
      return WinogradTile<6, 3>.transformOutput(
        products, step, bias: bias, minimum: minimum, output, rowStride: rowStride, pixelStride: pixelStride,
        rows: rows, columns: columns, count: count, edge: edge)
    case (6, _):
      return WinogradTile<6, 2>.transformOutput(
        products, step, bias: bias, minimum: minimum, output, rowStride: rowStride, pixelStride: pixelStride,
        rows: rows, columns: columns, count: count, edge: edge)
    default:
      return WinogradTile<4, 2>.transformOutput(
        products, step, bias: bias, minimum: minimum, output, rowStride: rowStride, pixelStride: pixelStride,
        rows: rows, columns: columns, count: count, edge: edge)
    }
  }

  /// Asks for the lines that a tile's outputs of a block are written to.
  @inline(__always)
  private func prefetchOutput(_ arguments: gln_f32_convolution, _ tile: Int, _ channel: Int, _ lanes: Int) {
    let (output, rows, columns) = outputs(arguments, tile, channel)
    let line = 64 / MemoryLayout<Float>.size
    for row in 0..<rows {
      for column in 0..<columns {
        var lane = 0
        while lane < lanes {
          gln_prefetch(
            output + (row &* arguments.output_row_stride &+ column &* arguments.output_pixel_stride &+ lane))
          lane &+= line
        }
      }
    }
  }

  // MARK: Products

  /// Items of phase 1 that share inputs are register tiles: superblock by superblock, in each block by block, in each strip by
  /// strip.
  @inline(__always)
  private func place(ofItem item: Int) -> (superblock: Int, block: Int, strip: Int) {
    var superblock = 0
    while item >= firstStrip(ofSuperblock: superblock &+ 1) &* blocks.count { superblock &+= 1 }
    let firstOfSuperblock = firstStrip(ofSuperblock: superblock)
    let strips = firstStrip(ofSuperblock: superblock &+ 1) &- firstOfSuperblock
    let place = item &- firstOfSuperblock &* blocks.count
    let block = place / strips
    return (superblock, block, firstOfSuperblock &+ place &- block &* strips)
  }

  /// A unit's strips of the same superblock and block are done together.
  private func multiplySharedInput(
    _ arguments: gln_f32_convolution, _ first: Int, _ end: Int, _ products: UnsafeMutablePointer<Float>,
    _ following: UnsafeRawPointer, _ findings: UnsafeMutablePointer<gln_findings>
  ) {
    var item = first
    while item < end {
      let (superblock, block, strip) = place(ofItem: item)
      let count = Swift.min(firstStrip(ofSuperblock: superblock &+ 1) &- strip, end &- item)
      item &+= count
      multiply(
        arguments, superblock, block, strip, strip &+ count,
        arguments.shared.unsafelyUnwrapped + superblock &* superblockInputs, products,
        item < end ? UnsafeRawPointer(blockWeights(arguments, place(ofItem: item).block)) : following, findings)
    }
  }

  /// Strips of a superblock for one block of output channels; `inputs` are the superblock's, `next` the weights that are needed
  /// after the block's.
  private func multiply(
    _ arguments: gln_f32_convolution, _ superblock: Int, _ block: Int, _ firstStrip: Int, _ endStrip: Int,
    _ inputs: UnsafeMutablePointer<Float>, _ products: UnsafeMutablePointer<Float>, _ next: UnsafeRawPointer,
    _ findings: UnsafeMutablePointer<gln_findings>
  ) {
    let vectors = blocks.vectors(block)
    let lanes = vectors &* Vec.scalarCount
    let firstTile = self.firstTile(ofStrip: firstStrip)
    let endTile = self.firstTile(ofStrip: endStrip)
    let productStep = points &* lanes
    let weights = blockWeights(arguments, block)
    let firstOfSuperblock = self.firstTile(ofSuperblock: superblock)
    let inputStep = inputPointStep(superblock)
    let zeros = InlineArray<4, Vec> { _ in Vec(repeating: 0) }
    var loop = TileLoop(
      tapRows: stride, tapColumns: 1, tapLength: depth / stride, tapRowStep: Self.phaseRowStep, tapColumnStep: 0,
      inputRowStep: 0, inputColumnStep: channelStep, outputRowStep: 0, outputColumnStep: productStep,
      minimum: -.infinity, findings: nil, prefetch: UnsafeRawPointer(weights),
      prefetchStep: lanes &* MemoryLayout<Float>.size / (endStrip &- firstStrip))
    withUnsafeMutablePointer(to: &loop) { loop in
      withUnsafePointer(to: zeros) { zeros in
        let start = UnsafeRawPointer(zeros).assumingMemoryBound(to: Vec.self)
        for point in 0..<points {
          if fetchesOutput {
            let run = endTile &- firstTile
            for tile in (firstTile &+ point &* run / points)..<(firstTile &+ (point &+ 1) &* run / points) {
              prefetchOutput(arguments, tile, blocks.firstChannel(block), lanes)
            }
          }
          let next = point &+ 1 < points ? UnsafeRawPointer(weights + (point &+ 1) &* depth &* vectors) : next
          for strip in firstStrip..<endStrip {
            let tile = self.firstTile(ofStrip: strip)
            loop.pointee.prefetch =
              next + (strip &- firstStrip) &* depth &* loop.pointee.prefetchStep
            ConvolutionTile.run(
              rows: 1, columns: self.firstTile(ofStrip: strip &+ 1) &- tile, vectors: vectors,
              .init(
                loop: loop, input: inputs + (point &* inputStep &+ (tile &- firstOfSuperblock) &* channelStep),
                start: start, weights: weights + point &* depth &* vectors,
                output: products + ((tile &- firstTile) &* productStep &+ point &* lanes), lastLanes: Vec.scalarCount))
          }
        }
      }
    }
    transformOutputs(arguments, block, firstTile, endTile, products, findings)
  }

  /// Turns the products of tiles for one block of output channels into outputs.
  private func transformOutputs(
    _ arguments: gln_f32_convolution, _ block: Int, _ firstTile: Int, _ endTile: Int, _ products: UnsafePointer<Float>,
    _ findings: UnsafeMutablePointer<gln_findings>
  ) {
    let vectors = blocks.vectors(block)
    let lanes = vectors &* Vec.scalarCount
    let packed = UnsafeRawPointer(arguments.weights.unsafelyUnwrapped).assumingMemoryBound(to: Vec.self)
    var check = FiniteCheck()
    var edge = InlineArray<16, Vec> { _ in Vec(repeating: 0) }
    withUnsafeMutablePointer(to: &edge) { edge in
      for tile in firstTile..<endTile {
        for vector in 0..<vectors {
          check.merge(
            transformOutput(
              arguments, tile, products + ((tile &- firstTile) &* points &* lanes &+ vector &* Vec.scalarCount), lanes,
              packed + (block &* Tier.tileVectors &+ vector), blocks.firstChannel(block) &+ vector &* Vec.scalarCount,
              vector &+ 1 < vectors ? Vec.scalarCount : blocks.lastLanes(block),
              edge: UnsafeMutableRawPointer(edge).assumingMemoryBound(to: Float.self)))
        }
      }
    }
    check.report(to: findings)
  }
}
