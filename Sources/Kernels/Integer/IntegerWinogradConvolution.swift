import CKernels

/// Winograd convolution F(4 × 4, 3 × 3) of unsigned bytes by signed integers: 36 products of 16-bit numbers instead of 144 for
/// 16 outputs. It is exact, although products may wrap around: 576 times the sum without bias is known modulo 2³², 576 = 9 · 64,
/// and 9 has an inverse, so that the sum is known modulo 2²⁶. Its least and largest values are less than that apart.
///
/// Tiles come in superblocks whose transformed inputs stay in a core's second-level cache. A unit is a superblock.
///
/// Packed weights: for each block of output channels the biases, the multipliers, the middles of the sums' ranges times 64, and these
/// middles plus the biases; then for each point and pair of input channels the transformed weights, a pair in 4 bytes.
struct IntegerWinogradConvolution {
  /// Outputs and inputs of a tile in each direction.
  @inline(__always) static var tileSize: Int { 4 }
  @inline(__always) static var inputSize: Int { 6 }
  @inline(__always) static var points: Int { inputSize &* inputSize }
  /// Input channels by weights of 8 and of 16 bits: 255 · 128 · 9 · 228 and 255 · 255 · 9 · 114 are below 2²⁶.
  @inline(__always) static var mostChannels: Int { 228 }
  @inline(__always) static var mostChannelsOfWords: Int { 114 }
  /// Modulo 2³².
  @inline(__always) static var inverseOfNine: Int32 { 954_437_177 }
  /// Bytes of a superblock's transformed inputs.
  @inline(__always) static var superblockSize: Int { 480 << 10 }
  /// Vectors from a point's products to the next's: an odd number, so that they do not compete for the same cache sets.
  @inline(__always) static var productStep: Int { Tier.tileColumns &* Tier.tileVectors | 1 }
  /// Sums of a tile.
  typealias Results = InlineArray<32, Sums>

  let shape: gln_integer_convolution
  let blocks: ChannelBlocks
  let height: Int
  let width: Int
  let tilesAcross: Int
  let tiles: Int
  /// Runs of nearly equally many tiles: a strip is what a register tile computes.
  let strips: Int
  let superblocks: Int
  /// Pairs of input channels.
  let pairs: Int
  /// 16-bit numbers from a transformed tile to the next: the channels in whole vectors.
  let tileStep: Int
  /// Vectors of a block's packed form for one of its vectors.
  let vectorLength: Int

  init(_ shape: gln_integer_convolution) {
    self.shape = shape
    blocks = ChannelBlocks(channels: Int(shape.output_channels))
    height = Int(shape.output_height)
    width = Int(shape.output_width)
    tilesAcross = (width &+ Self.tileSize &- 1) / Self.tileSize
    tiles = tilesAcross &* ((height &+ Self.tileSize &- 1) / Self.tileSize)
    // As many for each thread.
    let threads = Swift.max(1, Int(shape.threads))
    let fewest = (tiles &+ Tier.tileColumns &- 1) / Tier.tileColumns
    strips = Swift.min(tiles, (fewest &+ threads &- 1) / threads &* threads)
    let channels = Int(shape.input_channels)
    pairs = (channels &+ 1) / 2
    let vector = Words.scalarCount
    tileStep = (channels &+ vector &- 1) / vector &* vector
    vectorLength = 4 &+ Self.points &* pairs
    let size = Self.points &* tiles &* tileStep &* MemoryLayout<UInt16>.size
    let fitting = (size &+ Self.superblockSize &- 1) / Self.superblockSize
    superblocks = Swift.min(strips, (fitting &+ threads &- 1) / threads &* threads)
  }

  /// Whether it wins over direct convolution: enough tiles to reuse the weights, which are larger transformed, and enough channels to
  /// make up for the transforms.
  /// - Parameter leastTiles: from how many tiles on it wins.
  static func supports(_ shape: gln_integer_convolution, mostChannels: Int, leastTiles: Int) -> Bool {
    guard
      shape.kernel_height == 3, shape.kernel_width == 3, shape.stride_height == 1, shape.stride_width == 1,
      shape.dilation_height == 1, shape.dilation_width == 1, shape.output_channels >= 32,
      (32...Int32(mostChannels)).contains(shape.input_channels)
    else { return false }
    let convolution = IntegerWinogradConvolution(shape)
    return convolution.tiles >= leastTiles && convolution.tiles >= 4 &* Int(shape.threads)
      && 2 &* convolution.height &* convolution.width >= convolution.tiles &* tileSize &* tileSize
  }

  /// Rows or columns of input that the last tiles read beyond those that `size` outputs need.
  @inline(__always)
  static func extraInput(_ size: Int) -> Int { (size &+ tileSize &- 1) / tileSize &* tileSize &- size }

  @inline(__always)
  private func firstTile(ofStrip strip: Int) -> Int { strip &* tiles / strips }

  @inline(__always)
  private func firstStrip(ofSuperblock superblock: Int) -> Int { superblock &* strips / superblocks }

  /// From a point's transformed inputs to the next's: an odd number of cache lines.
  @inline(__always)
  private var pointStep: Int {
    var most = 0
    for superblock in 0..<superblocks {
      let first = firstTile(ofStrip: firstStrip(ofSuperblock: superblock))
      most = Swift.max(most, firstTile(ofStrip: firstStrip(ofSuperblock: superblock &+ 1)) &- first)
    }
    let line = 64 / MemoryLayout<UInt16>.size
    return ((most &* tileStep &+ line &- 1) / line | 1) &* line
  }

  @inline(__always)
  private var inputsSize: Int { Self.points &* pointStep &* MemoryLayout<UInt16>.size }

  /// Transformed inputs of a superblock, and the products of a register tile.
  var scratchSize: Int { inputsSize &+ Self.points &* Self.productStep &* MemoryLayout<Sums>.size }

  var packedSize: Int { blocks.vectors &* vectorLength &* MemoryLayout<Sums>.size }

  @inline(__always)
  private func packedBlock(_ block: Int) -> UnsafePointer<Sums> {
    shape.weights.unsafelyUnwrapped.assumingMemoryBound(to: Sums.self) + block &* Tier.tileVectors &* vectorLength
  }

  /// Computes a unit.
  func run(_ unit: Int32, _ scratch: UnsafeMutableRawPointer) {
    let inputs = scratch.assumingMemoryBound(to: UInt16.self)
    let products = (scratch + inputsSize).assumingMemoryBound(to: Sums.self)
    let firstStrip = firstStrip(ofSuperblock: Int(unit))
    let endStrip = self.firstStrip(ofSuperblock: Int(unit) &+ 1)
    let first = firstTile(ofStrip: firstStrip)
    let pointStep = pointStep
    for tile in first..<firstTile(ofStrip: endStrip) {
      transformInput(tile, inputs + (tile &- first) &* tileStep, pointStep)
    }
    let requantization = Requantization(shape, gln_findings_of(scratch))
    var results = Results { _ in Sums(repeating: 0) }
    var storage = results.mutableSpan
    storage.withUnsafeMutableBufferPointer { storage in
      let results = storage.baseAddress.unsafelyUnwrapped
      for block in 0..<blocks.count {
        for strip in firstStrip..<endStrip {
          let tile = firstTile(ofStrip: strip)
          let end = firstTile(ofStrip: strip &+ 1)
          multiply(
            block, place: strip &- firstStrip, tiles: end &- tile, inputs + (tile &- first) &* tileStep, pointStep,
            products)
          for place in 0..<end &- tile {
            transformOutput(tile &+ place, block, products + place &* blocks.vectors(block), results, requantization)
          }
        }
      }
    }
  }

  /// Writes the points of a tile `pointStep` values apart.
  @inline(__always)
  private func transformInput(_ tile: Int, _ target: UnsafeMutablePointer<UInt16>, _ pointStep: Int) {
    let down = tile / tilesAcross
    let across = tile &- down &* tilesAcross
    let rowStep = shape.input_row_stride
    let pixelStep = shape.input_pixel_stride
    let corner = shape.input.unsafelyUnwrapped + Self.tileSize &* (down &* rowStep &+ across &* pixelStep)
    var lane = 0
    while lane < tileStep {
      let columns = InlineArray<6, InlineArray<6, Words>> { column in
        IntegerWinogradTransform.input(
          InlineArray<6, Words> { row in
            gln_load_words(corner + (row &* rowStep &+ column &* pixelStep &+ lane))
          })
      }
      for row in 0..<Self.inputSize {
        let values = IntegerWinogradTransform.input(InlineArray<6, Words> { columns[$0][row] })
        for column in 0..<Self.inputSize {
          let place = target + ((row &* Self.inputSize &+ column) &* pointStep &+ lane)
          UnsafeMutableRawPointer(place).storeBytes(of: values[column], as: Words.self)
        }
      }
      lane &+= Words.scalarCount
    }
  }

  /// Writes the products of a register tile's tiles for all points.
  ///
  /// - Parameter place: the strip's place in its superblock: the first ones ask for the next block's weights.
  @inline(__always)
  private func multiply(
    _ block: Int, place: Int, tiles: Int, _ inputs: UnsafePointer<UInt16>, _ pointStep: Int,
    _ products: UnsafeMutablePointer<Sums>
  ) {
    let vectors = blocks.vectors(block)
    let weights = packedBlock(block) + 4 &* vectors
    // Not the constant that it equals: the loop would be unrolled.
    let points = (Self.tileSize &+ Int(shape.kernel_height) &- 1) &* Self.inputSize
    let ends = UnsafeRawPointer(packedBlock(block &+ 1 < blocks.count ? block &+ 2 : block &+ 1))
    var ahead = UnsafeRawPointer(packedBlock(block &+ 1)) + place &* Self.points &* pairs &* 64
    let zeros = InlineArray<2, Sums> { _ in Sums(repeating: 0) }
    let loop = IntegerTileLoop(
      tapRows: 1, tapColumns: 1, tapGroups: pairs, tapRowStep: 0, tapColumnStep: 0, inputRowStep: 0,
      inputColumnStep: tileStep &* MemoryLayout<UInt16>.size, outputRowStep: 0, outputColumnStep: 0,
      writesWords: false)
    withUnsafePointer(to: loop) { loop in
      withUnsafePointer(to: zeros) { zeros in
        let start = UnsafeRawPointer(zeros).assumingMemoryBound(to: Sums.self)
        for point in 0..<points {
          let asks = ahead < ends
          IntegerConvolutionTile<WordDot>.run(
            rows: 1, columns: tiles, vectors: vectors,
            .init(
              loop: loop, input: inputs + point &* pointStep, start: start,
              weights: weights + point &* pairs &* vectors, ahead: asks ? ahead : UnsafeRawPointer(weights),
              aheadStep: asks ? 64 : 0, results: products + point &* Self.productStep, output: nil))
          ahead += pairs &* 64
        }
      }
    }
  }

  /// Turns the products of a tile for a block of output channels into outputs.
  @inline(__always)
  private func transformOutput(
    _ tile: Int, _ block: Int, _ products: UnsafePointer<Sums>, _ results: UnsafeMutablePointer<Sums>,
    _ requantization: Requantization
  ) {
    let down = tile / tilesAcross
    let across = tile &- down &* tilesAcross
    let row = down &* Self.tileSize
    let column = across &* Self.tileSize
    let rows = Swift.min(Self.tileSize, height &- row)
    let columns = Swift.min(Self.tileSize, width &- column)
    let vectors = blocks.vectors(block)
    let packed = packedBlock(block)
    for vector in 0..<vectors {
      sums(products + vector, packed + vector, results + vector, rows: rows, columns: columns, vectors: vectors)
    }
    requantization.store(
      results, packed + vectors, rows: rows, columns: columns, vectors: vectors,
      offset: row &* shape.output_row_stride &+ column &* shape.output_pixel_stride &+ blocks.firstChannel(block),
      lanes: blocks.lanes(block))
  }

  /// Writes the sums of the rows × columns outputs of a tile, each with the bias, `vectors` vectors apart.
  @inline(__always)
  private func sums(
    _ products: UnsafePointer<Sums>, _ packed: UnsafePointer<Sums>, _ results: UnsafeMutablePointer<Sums>, rows: Int,
    columns: Int, vectors: Int
  ) {
    let halves = InlineArray<6, InlineArray<4, Sums>> { column in
      IntegerWinogradTransform.output(
        InlineArray<6, Sums> { products[($0 &* Self.inputSize &+ column) &* Self.productStep] })
    }
    let shifts = IntegerWinogradTransform.outputShifts
    for row in 0..<Self.tileSize where row < rows {
      let values = IntegerWinogradTransform.output(InlineArray<6, Sums> { halves[$0][row] })
      for column in 0..<Self.tileSize where column < columns {
        let scaled = values[column] &* Sums(repeating: Self.inverseOfNine)
        let shift = Sums(repeating: shifts[row] &+ shifts[column])
        // Shifted by less than 6, all bits of a sum are left, wherever its range lies.
        results[(row &* columns &+ column) &* vectors] =
          row &+ column == 0
          ? ((scaled &- packed[2 &* vectors]) &>> shift) &+ packed[3 &* vectors] : (scaled &>> shift) &+ packed[0]
      }
    }
  }

  /// Packs weights (output channels, input channels, 3, 3), biases and multipliers.
  @inline(never)
  @_optimize(size)
  func pack(
    _ weights: IntegerWeights, _ bias: UnsafePointer<Int32>, _ multipliers: UnsafePointer<Float>,
    _ packed: UnsafeMutableRawPointer
  ) {
    let depth = 9 &* Int(shape.input_channels)
    IntegerPacking(blocks: blocks, vectorLength: vectorLength, outputType: shape.output_type).forEachChannel(packed) {
      channel, place, step in
      let first = channel &* depth
      var total: Int32 = 0
      for index in 0..<depth { total &+= weights[first &+ index] }
      // The range's ends are 255 times the sums of the negative and of the positive weights.
      let middle = 255 &* total / 2
      place.storeBytes(of: bias[channel], as: Int32.self)
      place.storeBytes(of: multipliers[channel], toByteOffset: step, as: Float.self)
      place.storeBytes(of: middle &* 64, toByteOffset: 2 &* step, as: Int32.self)
      place.storeBytes(of: bias[channel] &+ middle, toByteOffset: 3 &* step, as: Int32.self)
      packPairs(weights, first, place + 4 &* step, step)
    }
  }

  /// Writes an output channel's transformed weights, a pair of input channels `step` bytes after the last. An odd last channel's partner
  /// has weights of 0.
  @inline(__always)
  private func packPairs(
    _ weights: IntegerWeights, _ first: Int, _ target: UnsafeMutableRawPointer, _ step: Int
  ) {
    let channels = Int(shape.input_channels)
    let taps = Int(shape.kernel_height)
    var rows = InlineArray<18, Int16> { _ in 0 }
    for channel in 0..<2 &* pairs {
      for row in 0..<taps {
        let tap = first &+ 9 &* channel &+ 3 &* row
        IntegerWinogradTransform.weights(
          channel < channels ? [weights[tap], weights[tap &+ 1], weights[tap &+ 2]] : [0, 0, 0]
        ) { point, value in rows[row &* Self.inputSize &+ point] = value }
      }
      let place = target + (channel / 2 &* step &+ channel % 2 &* 2)
      for column in 0..<taps &+ Self.tileSize &- 1 {
        IntegerWinogradTransform.weights(
          [Int32(rows[column]), Int32(rows[column &+ Self.inputSize]), Int32(rows[column &+ 2 &* Self.inputSize])]
        ) { row, value in
          place.storeBytes(
            of: value, toByteOffset: (row &* Self.inputSize &+ column) &* pairs &* step, as: Int16.self)
        }
      }
    }
  }
}
