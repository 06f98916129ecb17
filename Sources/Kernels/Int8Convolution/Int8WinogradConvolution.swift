import CKernels

/// Winograd convolution F(4 × 4, 3 × 3) of unsigned bytes by signed integers: 36 products of 16-bit numbers instead of 144 for
/// 16 outputs. It is exact, although products may wrap around: 576 times the sum without bias is known modulo 2³², 576 = 9 · 64,
/// and 9 has an inverse, so that the sum is known modulo 2²⁶. Its least and largest values are less than that apart.
///
/// Tiles come in superblocks whose transformed inputs stay in a core's second-level cache. A unit is a superblock.
///
/// Packed weights: for each block of output channels the biases, the multipliers, the middles of the sums' ranges times 64, and these
/// middles plus the biases; then for each point and pair of input channels the transformed weights, a pair in 4 bytes.
struct Int8WinogradConvolution {
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
  @inline(__always) static var productStep: Int { Int8Tier.tileColumns &* Tier.tileVectors | 1 }
  /// Sums of a tile.
  typealias Results = InlineArray<32, Sums>

  let shape: gln_s8_convolution
  let blocks: ChannelBlocks
  let height: Int
  let width: Int
  let tilesAcross: Int
  let tiles: Int
  /// Register tiles: runs of nearly equally many tiles.
  let groups: Int
  let superblocks: Int
  /// Pairs of input channels.
  let pairs: Int
  /// 16-bit numbers from a transformed tile to the next: the channels in whole vectors.
  let tileStep: Int
  /// Vectors of a block's packed form for one of its vectors.
  let vectorLength: Int

  init(_ shape: gln_s8_convolution) {
    self.shape = shape
    blocks = ChannelBlocks(channels: Int(shape.output_channels))
    height = Int(shape.output_height)
    width = Int(shape.output_width)
    tilesAcross = (width &+ Self.tileSize &- 1) / Self.tileSize
    tiles = tilesAcross &* ((height &+ Self.tileSize &- 1) / Self.tileSize)
    // As many for each thread.
    let threads = Swift.max(1, Int(shape.threads))
    let fewest = (tiles &+ Int8Tier.tileColumns &- 1) / Int8Tier.tileColumns
    groups = Swift.min(tiles, (fewest &+ threads &- 1) / threads &* threads)
    let channels = Int(shape.input_channels)
    pairs = (channels &+ 1) / 2
    let vector = Int8Tier.Words.scalarCount
    tileStep = (channels &+ vector &- 1) / vector &* vector
    vectorLength = 4 &+ Self.points &* pairs
    let size = Self.points &* tiles &* tileStep &* MemoryLayout<UInt16>.size
    let fitting = (size &+ Self.superblockSize &- 1) / Self.superblockSize
    superblocks = Swift.min(groups, (fitting &+ threads &- 1) / threads &* threads)
  }

  /// Whether it wins over direct convolution: enough tiles to reuse the weights, which are larger transformed, and enough channels to
  /// make up for the transforms.
  /// - Parameter leastTiles: from how many tiles on it wins.
  static func supports(_ shape: gln_s8_convolution, mostChannels: Int, leastTiles: Int) -> Bool {
    guard
      shape.kernel_height == 3, shape.kernel_width == 3, shape.stride_height == 1, shape.stride_width == 1,
      shape.dilation_height == 1, shape.dilation_width == 1, shape.output_channels >= 32,
      (32...Int32(mostChannels)).contains(shape.input_channels)
    else { return false }
    let convolution = Int8WinogradConvolution(shape)
    return convolution.tiles >= leastTiles && convolution.tiles >= 4 &* Int(shape.threads)
      && 2 &* convolution.height &* convolution.width >= convolution.tiles &* tileSize &* tileSize
  }

  /// Rows or columns of input that the last tiles read beyond those that `size` outputs need.
  @inline(__always)
  static func extraInput(_ size: Int) -> Int { (size &+ tileSize &- 1) / tileSize &* tileSize &- size }

  @inline(__always)
  private func firstTile(ofGroup group: Int) -> Int { group &* tiles / groups }

  @inline(__always)
  private func firstGroup(ofSuperblock superblock: Int) -> Int { superblock &* groups / superblocks }

  /// From a point's transformed inputs to the next's: an odd number of cache lines.
  @inline(__always)
  private var pointStep: Int {
    var most = 0
    for superblock in 0..<superblocks {
      let first = firstTile(ofGroup: firstGroup(ofSuperblock: superblock))
      most = Swift.max(most, firstTile(ofGroup: firstGroup(ofSuperblock: superblock &+ 1)) &- first)
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
    let firstGroup = firstGroup(ofSuperblock: Int(unit))
    let endGroup = self.firstGroup(ofSuperblock: Int(unit) &+ 1)
    let first = firstTile(ofGroup: firstGroup)
    let pointStep = pointStep
    for tile in first..<firstTile(ofGroup: endGroup) {
      transformInput(tile, inputs + (tile &- first) &* tileStep, pointStep)
    }
    let requantization = Int8Requantization(shape, gln_findings_of(scratch))
    var results = Results { _ in Sums(repeating: 0) }
    var storage = results.mutableSpan
    storage.withUnsafeMutableBufferPointer { storage in
      let results = storage.baseAddress.unsafelyUnwrapped
      for block in 0..<blocks.count {
        for group in firstGroup..<endGroup {
          let tile = firstTile(ofGroup: group)
          let end = firstTile(ofGroup: group &+ 1)
          multiply(
            block, place: group &- firstGroup, tiles: end &- tile, inputs + (tile &- first) &* tileStep, pointStep,
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
      let columns = InlineArray<6, InlineArray<6, Int8Tier.Words>> { column in
        Int8WinogradTransform.input(
          InlineArray<6, Int8Tier.Words> { row in
            Int8Tier.loadWords(corner + (row &* rowStep &+ column &* pixelStep &+ lane))
          })
      }
      for row in 0..<Self.inputSize {
        let values = Int8WinogradTransform.input(InlineArray<6, Int8Tier.Words> { columns[$0][row] })
        for column in 0..<Self.inputSize {
          let place = target + ((row &* Self.inputSize &+ column) &* pointStep &+ lane)
          UnsafeMutableRawPointer(place).storeBytes(of: values[column], as: Int8Tier.Words.self)
        }
      }
      lane &+= Int8Tier.Words.scalarCount
    }
  }

  /// Writes the products of a register tile's tiles for all points.
  ///
  /// - Parameter place: the group's place in its superblock: the first ones ask for the next block's weights.
  @inline(__always)
  private func multiply(
    _ block: Int, place: Int, tiles: Int, _ inputs: UnsafePointer<UInt16>, _ pointStep: Int,
    _ products: UnsafeMutablePointer<Sums>
  ) {
    let vectors = blocks.vectors(block)
    let weights = packedBlock(block) + 4 &* vectors
    let ends = UnsafeRawPointer(packedBlock(block &+ 1 < blocks.count ? block &+ 2 : block &+ 1))
    var ahead = UnsafeRawPointer(packedBlock(block &+ 1)) + place &* Self.points &* pairs &* 64
    let zeros = InlineArray<2, Sums> { _ in Sums(repeating: 0) }
    let loop = Int8TileLoop(
      tapRows: 1, tapColumns: 1, tapGroups: pairs, tapRowStep: 0, tapColumnStep: 0, inputRowStep: 0,
      inputColumnStep: tileStep &* MemoryLayout<UInt16>.size, outputRowStep: 0, outputColumnStep: 0,
      writesWords: false)
    withUnsafePointer(to: loop) { loop in
      withUnsafePointer(to: zeros) { zeros in
        let start = UnsafeRawPointer(zeros).assumingMemoryBound(to: Sums.self)
        for point in 0..<Self.points {
          let asks = ahead < ends
          runInt8Tile(
            Int8PairDot.self, rows: 1, columns: tiles, vectors: vectors, loop, inputs + point &* pointStep, start,
            weights + point &* pairs &* vectors, asks ? ahead : UnsafeRawPointer(weights), asks ? 64 : 0,
            products + point &* Self.productStep, nil)
          ahead += pairs &* 64
        }
      }
    }
  }

  /// Turns the products of a tile for a block of output channels into outputs.
  @inline(__always)
  private func transformOutput(
    _ tile: Int, _ block: Int, _ products: UnsafePointer<Sums>, _ results: UnsafeMutablePointer<Sums>,
    _ requantization: Int8Requantization
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
      Int8WinogradTransform.output(
        InlineArray<6, Sums> { products[($0 &* Self.inputSize &+ column) &* Self.productStep] })
    }
    let shifts = Int8WinogradTransform.outputShifts
    for row in 0..<Self.tileSize where row < rows {
      let values = Int8WinogradTransform.output(InlineArray<6, Sums> { halves[$0][row] })
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
  func pack<Weight: FixedWidthInteger>(
    _ weights: UnsafePointer<Weight>, _ bias: UnsafePointer<Int32>, _ multipliers: UnsafePointer<Float>,
    _ packed: UnsafeMutableRawPointer
  ) {
    let depth = 9 &* Int(shape.input_channels)
    for block in 0..<blocks.count {
      let vectors = blocks.vectors(block)
      let lanes = vectors &* Vec.scalarCount
      let firstChannel = blocks.firstChannel(block)
      let start = packed + firstChannel &* vectorLength &* 4
      for lane in 0..<lanes {
        let channel =
          firstChannel &+ Int8Requantization.channel(ofLane: lane, vectors: vectors, shape.output_type)
        let place = start + lane &* 4
        guard channel < blocks.channels else {
          for vector in 0..<vectorLength {
            place.storeBytes(of: 0, toByteOffset: vector &* lanes &* 4, as: Int32.self)
          }
          continue
        }
        let source = weights + channel &* depth
        var total: Int32 = 0
        for index in 0..<depth { total &+= Int32(source[index]) }
        // The range's ends are 255 times the sums of the negative and of the positive weights.
        let middle = 255 &* total / 2
        place.storeBytes(of: bias[channel], as: Int32.self)
        place.storeBytes(of: multipliers[channel], toByteOffset: lanes &* 4, as: Float.self)
        place.storeBytes(of: middle &* 64, toByteOffset: 2 &* lanes &* 4, as: Int32.self)
        place.storeBytes(of: bias[channel] &+ middle, toByteOffset: 3 &* lanes &* 4, as: Int32.self)
        packPairs(source, place + 4 &* lanes &* 4, lanes &* 4)
      }
    }
  }

  /// Writes an output channel's transformed weights, a pair of input channels `step` bytes after the last.
  @inline(__always)
  private func packPairs(
    _ weights: UnsafePointer<some FixedWidthInteger>, _ target: UnsafeMutableRawPointer, _ step: Int
  ) {
    for channel in 0..<2 &* pairs {
      var points = InlineArray<6, InlineArray<6, Int16>> { _ in InlineArray<6, Int16> { _ in 0 } }
      if channel < Int(shape.input_channels) {
        let taps = weights + 9 &* channel
        let rows = InlineArray<3, InlineArray<6, Int16>> { row in
          Int8WinogradTransform.weights(InlineArray<3, Int16> { Int16(taps[3 &* row &+ $0]) })
        }
        for column in 0..<Self.inputSize {
          let values = Int8WinogradTransform.weights(InlineArray<3, Int16> { rows[$0][column] })
          for row in 0..<Self.inputSize { points[row][column] = values[row] }
        }
      }
      for point in 0..<Self.points {
        target.storeBytes(
          of: points[point / Self.inputSize][point % Self.inputSize],
          toByteOffset: (point &* pairs &+ channel / 2) &* step &+ channel % 2 &* 2, as: Int16.self)
      }
    }
  }
}

/// The table's record of the Winograd convolution by weights of 16 bits.
func int16WinogradAlgorithm() -> gln_s8_convolution_algorithm {
  var algorithm = int8WinogradAlgorithm()
  algorithm.supports = { shape in
    let isSupported = Int8WinogradConvolution.supports(
      shape.unsafelyUnwrapped.pointee, mostChannels: Int8WinogradConvolution.mostChannelsOfWords,
      leastTiles: Int8PairDot.leastWinogradTiles)
    return isSupported ? 1 : 0
  }
  algorithm.pack = { shape, weights, bias, multipliers, packed in
    Int8WinogradConvolution(shape.unsafelyUnwrapped.pointee).pack(
      weights.unsafelyUnwrapped.assumingMemoryBound(to: Int16.self), bias.unsafelyUnwrapped,
      multipliers.unsafelyUnwrapped, packed.unsafelyUnwrapped)
  }
  return algorithm
}

/// The table's record of the Winograd convolution by weights of 8 bits.
func int8WinogradAlgorithm() -> gln_s8_convolution_algorithm {
  gln_s8_convolution_algorithm(
    supports: { shape in
      let isSupported = Int8WinogradConvolution.supports(
        shape.unsafelyUnwrapped.pointee, mostChannels: Int8WinogradConvolution.mostChannels,
        leastTiles: Int8Dot.leastWinogradTiles)
      return isSupported ? 1 : 0
    },
    extra_input: { shape, rows, columns in
      let shape = shape.unsafelyUnwrapped.pointee
      rows.unsafelyUnwrapped.pointee = Int32(Int8WinogradConvolution.extraInput(Int(shape.output_height)))
      columns.unsafelyUnwrapped.pointee = Int32(Int8WinogradConvolution.extraInput(Int(shape.output_width)))
    },
    packed_size: { shape in Int8WinogradConvolution(shape.unsafelyUnwrapped.pointee).packedSize },
    pack: { shape, weights, bias, multipliers, packed in
      Int8WinogradConvolution(shape.unsafelyUnwrapped.pointee).pack(
        weights.unsafelyUnwrapped.assumingMemoryBound(to: Int8.self), bias.unsafelyUnwrapped,
        multipliers.unsafelyUnwrapped, packed.unsafelyUnwrapped)
    },
    tile: { _, outputs, taps in
      outputs.unsafelyUnwrapped.pointee = Int32(Int8WinogradConvolution.tileSize)
      taps.unsafelyUnwrapped.pointee = 3
    },
    scratch_size: { shape in Int8WinogradConvolution(shape.unsafelyUnwrapped.pointee).scratchSize },
    unit_count: { shape in Int32(Int8WinogradConvolution(shape.unsafelyUnwrapped.pointee).superblocks) },
    run: { arguments, _, unit, scratch in
      Int8WinogradConvolution(arguments.unsafelyUnwrapped.load(as: gln_s8_convolution.self)).run(
        unit, scratch.unsafelyUnwrapped)
    })
}
