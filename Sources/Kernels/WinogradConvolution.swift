import CKernels

/// Winograd convolution. F(4 × 4, 3 × 3): a tile of 4 × 4 outputs from 6 × 6 inputs with 36 instead of 144 products for each
/// pair of channels. F(2 × 2, 3 × 3): 16 instead of 36 products, but the transformed weights are less than half as large,
/// which wins on small images, where fetching them takes longer than the products. F(2 × 2, 5 × 5): 36 instead of 100 products.
///
/// Phase 0 transforms the input's tiles into shared memory. Phase 1 multiplies, for each point, tiles × input
/// channels by input channels × output channels, and transforms back. Tiles come in superblocks whose transformed inputs
/// and products stay in a core's second-level cache, output channels in blocks as wide as the register tile.
///
/// Packed weights: the biases in whole vectors, then for each block, point and input channel the transformed weights.
struct WinogradConvolution {
  /// Transformed inputs of a superblock and its products for one block of output channels, in bytes.
  @inline(__always) static var superblockSize: Int { 700 << 10 }
  /// Tiles of 4 × 4 from which on the larger weights pay.
  @inline(__always) static var leastLargeTiles: Int { 32 }

  let blocks: ChannelBlocks
  let inputChannels: Int
  /// Input channels rounded up to whole vectors.
  let channelStep: Int
  /// 3 or 5.
  let kernelSize: Int
  /// Outputs of a tile in each direction: 4 or 2.
  let tileSize: Int
  /// Inputs of a tile in each direction: 6 or 4.
  let inputSize: Int
  /// Products of a tile: 36 or 16.
  let points: Int
  let height: Int
  let width: Int
  let tilesAcross: Int
  let tiles: Int
  /// Register tiles: runs of nearly equally many tiles.
  let groups: Int
  let superblocks: Int
  let threads: Int32

  init(_ shape: gln_f32_convolution) {
    blocks = ChannelBlocks(channels: Int(shape.output_channels))
    inputChannels = Int(shape.input_channels)
    channelStep = (inputChannels &+ Vec.scalarCount &- 1) / Vec.scalarCount &* Vec.scalarCount
    height = Int(shape.output_height)
    width = Int(shape.output_width)
    kernelSize = Int(shape.kernel_height)
    tileSize = kernelSize == 3 && ((width &+ 3) / 4) &* ((height &+ 3) / 4) >= Self.leastLargeTiles ? 4 : 2
    inputSize = tileSize &+ kernelSize &- 1
    points = inputSize &* inputSize
    tilesAcross = (width &+ tileSize &- 1) / tileSize
    tiles = tilesAcross &* ((height &+ tileSize &- 1) / tileSize)
    groups = (tiles &+ Tier.tileColumns &- 1) / Tier.tileColumns
    let size = points &* tiles &* (channelStep &+ ChannelBlocks.width) &* MemoryLayout<Float>.size
    superblocks = Swift.min(groups, (size &+ Self.superblockSize &- 1) / Self.superblockSize)
    threads = shape.threads
  }

  /// Whether it wins over direct convolution: enough tiles, mostly inside the image, to reuse the weights, which are larger
  /// transformed; and enough channels to make up for the transforms.
  static func supports(_ shape: gln_f32_convolution) -> Bool {
    guard
      shape.kernel_height == 3 || shape.kernel_height == 5, shape.kernel_width == shape.kernel_height,
      shape.stride_height == 1, shape.stride_width == 1,
      shape.dilation_height == 1, shape.dilation_width == 1, shape.input_channels >= 16, shape.output_channels >= 16
    else { return false }
    let convolution = WinogradConvolution(shape)
    return convolution.tiles >= 16
      && 2 &* convolution.height &* convolution.width >= convolution.tiles &* convolution.tileSize
        &* convolution.tileSize
  }

  @inline(__always)
  func firstTile(ofGroup group: Int) -> Int { group &* tiles / groups }

  @inline(__always)
  func firstGroup(ofSuperblock superblock: Int) -> Int { superblock &* groups / superblocks }

  @inline(__always)
  func firstTile(ofSuperblock superblock: Int) -> Int { firstTile(ofGroup: firstGroup(ofSuperblock: superblock)) }

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

  /// Where a superblock's transformed inputs begin in the shared memory.
  @inline(__always)
  func inputStart(_ superblock: Int) -> Int {
    superblock &* points &* Self.pointStep(superblockTiles &* channelStep)
  }

  @inline(__always)
  var sharedSize: Int { inputStart(superblocks) &* MemoryLayout<Float>.size }

  /// Products of a superblock for one block of output channels.
  @inline(__always)
  var scratchSize: Int {
    superblockTiles &* productStep(ChannelBlocks.width) &* MemoryLayout<Float>.size
  }

  /// From one tile's products to the next tile's.
  @inline(__always)
  func productStep(_ lanes: Int) -> Int { points &* lanes }

  @inline(__always)
  var packedSize: Int {
    (blocks.vectors &+ blocks.vectors &* points &* inputChannels) &* MemoryLayout<Vec>.size
  }

  @inline(__always)
  func cut(_ phase: Int32) -> WorkCut {
    phase == 0
      ? WorkCut(items: tiles, threads: threads)
      : WorkCut(items: groups &* blocks.count, threads: threads, unitsPerThread: 1)
  }

  // MARK: Phase 0

  func transformInput(_ arguments: gln_f32_convolution, _ unit: Int32) {
    let (first, end) = cut(0).range(unit)
    let input = arguments.input.unsafelyUnwrapped
    let shared = arguments.shared.unsafelyUnwrapped
    var superblock = 0
    for tile in first..<end {
      while tile >= firstTile(ofSuperblock: superblock &+ 1) { superblock &+= 1 }
      let down = tile / tilesAcross
      let across = tile &- down &* tilesAcross
      let source =
        input + (down &* tileSize &* arguments.input_row_stride &+ across &* tileSize &* arguments.input_pixel_stride)
      let target =
        shared + (inputStart(superblock) &+ (tile &- firstTile(ofSuperblock: superblock)) &* channelStep)
      let step = inputPointStep(superblock)
      if inputSize == 6 {
        transformTile(source, arguments.input_row_stride, arguments.input_pixel_stride, target, step)
      } else {
        transformSmallTile(source, arguments.input_row_stride, arguments.input_pixel_stride, target, step)
      }
    }
  }

  @inline(__always)
  private func transformSmallTile(
    _ input: UnsafePointer<Float>, _ rowStep: Int, _ columnStep: Int, _ transformed: UnsafeMutablePointer<Float>,
    _ pointStep: Int
  ) {
    for channel in stride(from: 0, to: channelStep, by: Vec.scalarCount) {
      let corner = input + channel
      let a = smallColumn(corner, rowStep)
      let b = smallColumn(corner + columnStep, rowStep)
      let c = smallColumn(corner + 2 &* columnStep, rowStep)
      let d = smallColumn(corner + 3 &* columnStep, rowStep)
      let target = transformed + channel
      storeFour(WinogradTransform.input2(a.0, b.0, c.0, d.0), target, pointStep)
      storeFour(WinogradTransform.input2(a.1, b.1, c.1, d.1), target + 4 &* pointStep, pointStep)
      storeFour(WinogradTransform.input2(a.2, b.2, c.2, d.2), target + 8 &* pointStep, pointStep)
      storeFour(WinogradTransform.input2(a.3, b.3, c.3, d.3), target + 12 &* pointStep, pointStep)
    }
  }

  @inline(__always)
  private func smallColumn(_ place: UnsafePointer<Float>, _ rowStep: Int) -> WinogradTransform.Four {
    WinogradTransform.input2(
      load(place), load(place + rowStep), load(place + 2 &* rowStep), load(place + 3 &* rowStep))
  }

  @inline(__always)
  private func storeFour(_ values: WinogradTransform.Four, _ target: UnsafeMutablePointer<Float>, _ step: Int) {
    store(values.0, target)
    store(values.1, target + step)
    store(values.2, target + 2 &* step)
    store(values.3, target + 3 &* step)
  }

  @inline(__always)
  private func transformTile(
    _ input: UnsafePointer<Float>, _ rowStep: Int, _ columnStep: Int, _ transformed: UnsafeMutablePointer<Float>,
    _ pointStep: Int
  ) {
    for channel in stride(from: 0, to: channelStep, by: Vec.scalarCount) {
      let zero = Vec(repeating: 0)
      var columns = InlineArray<6, WinogradTransform.Six> { _ in (zero, zero, zero, zero, zero, zero) }
      for column in 0..<6 {
        let place = input + (column &* columnStep &+ channel)
        columns[column] = WinogradTransform.input(
          load(place), load(place + rowStep), load(place + 2 &* rowStep), load(place + 3 &* rowStep),
          load(place + 4 &* rowStep), load(place + 5 &* rowStep))
      }
      let target = transformed + channel
      storeRow(columns[0].0, columns[1].0, columns[2].0, columns[3].0, columns[4].0, columns[5].0, target, pointStep)
      storeRow(
        columns[0].1, columns[1].1, columns[2].1, columns[3].1, columns[4].1, columns[5].1, target + 6 &* pointStep,
        pointStep)
      storeRow(
        columns[0].2, columns[1].2, columns[2].2, columns[3].2, columns[4].2, columns[5].2, target + 12 &* pointStep,
        pointStep)
      storeRow(
        columns[0].3, columns[1].3, columns[2].3, columns[3].3, columns[4].3, columns[5].3, target + 18 &* pointStep,
        pointStep)
      storeRow(
        columns[0].4, columns[1].4, columns[2].4, columns[3].4, columns[4].4, columns[5].4, target + 24 &* pointStep,
        pointStep)
      storeRow(
        columns[0].5, columns[1].5, columns[2].5, columns[3].5, columns[4].5, columns[5].5, target + 30 &* pointStep,
        pointStep)
    }
  }

  @inline(__always)
  private func storeRow(
    _ a: Vec, _ b: Vec, _ c: Vec, _ d: Vec, _ e: Vec, _ f: Vec, _ target: UnsafeMutablePointer<Float>, _ step: Int
  ) {
    let row = WinogradTransform.input(a, b, c, d, e, f)
    store(row.0, target)
    store(row.1, target + step)
    store(row.2, target + 2 &* step)
    store(row.3, target + 3 &* step)
    store(row.4, target + 4 &* step)
    store(row.5, target + 5 &* step)
  }

  // MARK: Phase 1

  /// Items are register tiles: superblock by superblock, in each block by block, in each group by group. A unit's groups of the
  /// same superblock and block are done together.
  func multiply(_ arguments: gln_f32_convolution, _ unit: Int32, _ scratch: UnsafeMutablePointer<Float>) {
    var (item, end) = cut(1).range(unit)
    while item < end {
      var superblock = 0
      while item >= firstGroup(ofSuperblock: superblock &+ 1) &* blocks.count { superblock &+= 1 }
      let firstOfSuperblock = firstGroup(ofSuperblock: superblock)
      let groupsOfSuperblock = firstGroup(ofSuperblock: superblock &+ 1) &- firstOfSuperblock
      let place = item &- firstOfSuperblock &* blocks.count
      let block = place / groupsOfSuperblock
      let first = place &- block &* groupsOfSuperblock
      let count = Swift.min(groupsOfSuperblock &- first, end &- item)
      multiply(
        arguments, superblock, block, firstOfSuperblock &+ first, firstOfSuperblock &+ first &+ count, scratch)
      item &+= count
    }
  }

  @inline(__always)
  private func multiply(
    _ arguments: gln_f32_convolution, _ superblock: Int, _ block: Int, _ firstGroup: Int, _ endGroup: Int,
    _ scratch: UnsafeMutablePointer<Float>
  ) {
    let vectors = blocks.vectors(block)
    let lanes = vectors &* Vec.scalarCount
    let firstTile = self.firstTile(ofGroup: firstGroup)
    let endTile = self.firstTile(ofGroup: endGroup)
    let productStep = productStep(lanes)
    let packed = UnsafeRawPointer(arguments.weights.unsafelyUnwrapped).assumingMemoryBound(to: Vec.self)
    let weights =
      packed + (blocks.vectors &+ block &* Tier.tileVectors &* points &* inputChannels)
    let firstOfSuperblock = self.firstTile(ofSuperblock: superblock)
    let inputs = UnsafePointer(arguments.shared.unsafelyUnwrapped) + inputStart(superblock)
    let inputStep = inputPointStep(superblock)
    let zeros = InlineArray<4, Vec> { _ in Vec(repeating: 0) }
    var loop = TileLoop(
      tapRows: 1, tapColumns: 1, tapLength: inputChannels, tapRowStep: 0, tapColumnStep: 0, inputRowStep: 0,
      inputColumnStep: channelStep, outputRowStep: 0, outputColumnStep: productStep, minimum: -.infinity,
      prefetch: UnsafeRawPointer(weights), prefetchStep: lanes &* MemoryLayout<Float>.size / (endGroup &- firstGroup))
    withUnsafeMutablePointer(to: &loop) { loop in
      withUnsafePointer(to: zeros) { zeros in
        let start = UnsafeRawPointer(zeros).assumingMemoryBound(to: Vec.self)
        for point in 0..<points {
          for group in firstGroup..<endGroup {
            let tile = self.firstTile(ofGroup: group)
            loop.pointee.prefetch =
              UnsafeRawPointer(weights + (point &+ 1) &* inputChannels &* vectors)
              + (group &- firstGroup) &* inputChannels &* loop.pointee.prefetchStep
            Tier.runTile(
              rows: 1, columns: self.firstTile(ofGroup: group &+ 1) &- tile, vectors: vectors, loop,
              inputs + (point &* inputStep &+ (tile &- firstOfSuperblock) &* channelStep), start,
              weights + point &* inputChannels &* vectors,
              scratch + ((tile &- firstTile) &* productStep &+ point &* lanes), Vec.scalarCount)
          }
        }
      }
    }
    for tile in firstTile..<endTile {
      for vector in 0..<vectors {
        transformOutput(
          arguments, tile,
          UnsafePointer(scratch) + ((tile &- firstTile) &* productStep &+ vector &* Vec.scalarCount), lanes,
          packed[block &* Tier.tileVectors &+ vector], blocks.firstChannel(block) &+ vector &* Vec.scalarCount,
          vector &+ 1 < vectors ? Vec.scalarCount : blocks.lastLanes(block))
      }
    }
  }

  @inline(__always)
  private func transformOutput(
    _ arguments: gln_f32_convolution, _ tile: Int, _ products: UnsafePointer<Float>, _ step: Int, _ bias: Vec,
    _ channel: Int, _ count: Int
  ) {
    let minimum = Vec(repeating: arguments.minimum)
    let down = tile / tilesAcross
    let across = tile &- down &* tilesAcross
    let rows = Swift.min(tileSize, height &- down &* tileSize)
    let columns = Swift.min(tileSize, width &- across &* tileSize)
    var output =
      arguments.output.unsafelyUnwrapped
      + (down &* tileSize &* arguments.output_row_stride &+ across &* tileSize &* arguments.output_pixel_stride
        &+ channel)
    if tileSize == 2 {
      let rowsOfTile = inputSize == 6 ? smallOutput6(products, step) : smallOutput4(products, step)
      for row in 0..<rows {
        let result = row == 0 ? rowsOfTile.0 : rowsOfTile.1
        store(raise(result.0 + bias, to: minimum), output, count: count)
        if columns > 1 {
          store(raise(result.1 + bias, to: minimum), output + arguments.output_pixel_stride, count: count)
        }
        output += arguments.output_row_stride
      }
      return
    }
    let zero = Vec(repeating: 0)
    var transformed = InlineArray<6, (Vec, Vec, Vec, Vec)> { _ in (zero, zero, zero, zero) }
    for column in 0..<6 {
      let place = products + column &* step
      transformed[column] = WinogradTransform.output(
        load(place), load(place + 6 &* step), load(place + 12 &* step), load(place + 18 &* step),
        load(place + 24 &* step), load(place + 30 &* step))
    }
    let t = transformed
    for row in 0..<4 where row < rows {
      let result =
        switch row {
        case 0: WinogradTransform.output(t[0].0, t[1].0, t[2].0, t[3].0, t[4].0, t[5].0)
        case 1: WinogradTransform.output(t[0].1, t[1].1, t[2].1, t[3].1, t[4].1, t[5].1)
        case 2: WinogradTransform.output(t[0].2, t[1].2, t[2].2, t[3].2, t[4].2, t[5].2)
        default: WinogradTransform.output(t[0].3, t[1].3, t[2].3, t[3].3, t[4].3, t[5].3)
        }
      let pixel = arguments.output_pixel_stride
      store(raise(result.0 + bias, to: minimum), output, count: count)
      if columns > 1 { store(raise(result.1 + bias, to: minimum), output + pixel, count: count) }
      if columns > 2 { store(raise(result.2 + bias, to: minimum), output + 2 &* pixel, count: count) }
      if columns > 3 { store(raise(result.3 + bias, to: minimum), output + 3 &* pixel, count: count) }
      output += arguments.output_row_stride
    }
  }

  typealias TwoRows = ((Vec, Vec), (Vec, Vec))

  /// The two rows of two outputs of a tile with 4 × 4 products.
  @inline(__always)
  private func smallOutput4(_ products: UnsafePointer<Float>, _ step: Int) -> TwoRows {
    let a = smallOutputColumn4(products, step)
    let b = smallOutputColumn4(products + step, step)
    let c = smallOutputColumn4(products + 2 &* step, step)
    let d = smallOutputColumn4(products + 3 &* step, step)
    return (WinogradTransform.output2(a.0, b.0, c.0, d.0), WinogradTransform.output2(a.1, b.1, c.1, d.1))
  }

  @inline(__always)
  private func smallOutputColumn4(_ place: UnsafePointer<Float>, _ step: Int) -> (Vec, Vec) {
    WinogradTransform.output2(
      load(place), load(place + 4 &* step), load(place + 8 &* step), load(place + 12 &* step))
  }

  /// The two rows of two outputs of a tile with 6 × 6 products.
  @inline(__always)
  private func smallOutput6(_ products: UnsafePointer<Float>, _ step: Int) -> TwoRows {
    let a = smallOutputColumn6(products, step)
    let b = smallOutputColumn6(products + step, step)
    let c = smallOutputColumn6(products + 2 &* step, step)
    let d = smallOutputColumn6(products + 3 &* step, step)
    let e = smallOutputColumn6(products + 4 &* step, step)
    let f = smallOutputColumn6(products + 5 &* step, step)
    return (
      WinogradTransform.output2(a.0, b.0, c.0, d.0, e.0, f.0), WinogradTransform.output2(a.1, b.1, c.1, d.1, e.1, f.1)
    )
  }

  @inline(__always)
  private func smallOutputColumn6(_ place: UnsafePointer<Float>, _ step: Int) -> (Vec, Vec) {
    WinogradTransform.output2(
      load(place), load(place + 6 &* step), load(place + 12 &* step), load(place + 18 &* step),
      load(place + 24 &* step), load(place + 30 &* step))
  }

  // MARK: Packing

  /// Packs weights (output channels, input channels, kernel size, kernel size) and biases (none: zeros).
  func pack(
    _ weights: UnsafePointer<Float>, _ bias: UnsafePointer<Float>?, _ packed: UnsafeMutablePointer<Float>
  ) {
    let width = Vec.scalarCount
    for channel in 0..<blocks.vectors &* width {
      packed[channel] = channel < blocks.channels ? bias.map { $0[channel] } ?? 0 : 0
    }
    let tapCount = kernelSize &* kernelSize
    var taps = InlineArray<25, Vec> { _ in Vec(repeating: 0) }
    for vector in 0..<blocks.vectors {
      let block = vector / Tier.tileVectors
      let lanes = blocks.vectors(block) &* width
      let firstOutput = vector &* width
      let used = Swift.min(width, blocks.channels &- firstOutput)
      let target =
        packed + (blocks.vectors &* width &+ blocks.firstChannel(block) &* points &* inputChannels)
        + (vector &- block &* Tier.tileVectors) &* width
      for channel in 0..<inputChannels {
        let source = weights + (firstOutput &* inputChannels &+ channel) &* tapCount
        for tap in 0..<tapCount {
          for lane in 0..<used { taps[tap][lane] = source[lane &* inputChannels &* tapCount &+ tap] }
        }
        let place = target + channel &* lanes
        let step = inputChannels &* lanes
        if inputSize == 4 {
          let a = WinogradTransform.weights2(taps[0], taps[1], taps[2])
          let b = WinogradTransform.weights2(taps[3], taps[4], taps[5])
          let c = WinogradTransform.weights2(taps[6], taps[7], taps[8])
          storeFour(WinogradTransform.weights2(a.0, b.0, c.0), place, 4 &* step)
          storeFour(WinogradTransform.weights2(a.1, b.1, c.1), place + step, 4 &* step)
          storeFour(WinogradTransform.weights2(a.2, b.2, c.2), place + 2 &* step, 4 &* step)
          storeFour(WinogradTransform.weights2(a.3, b.3, c.3), place + 3 &* step, 4 &* step)
          continue
        }
        let zero = Vec(repeating: 0)
        var rows = InlineArray<5, WinogradTransform.Six> { _ in (zero, zero, zero, zero, zero, zero) }
        for row in 0..<kernelSize {
          let first = row &* kernelSize
          rows[row] =
            kernelSize == 3
            ? WinogradTransform.weights(taps[first], taps[first &+ 1], taps[first &+ 2])
            : WinogradTransform.weights(
              taps[first], taps[first &+ 1], taps[first &+ 2], taps[first &+ 3], taps[first &+ 4])
        }
        let r = rows
        storeWeights(r[0].0, r[1].0, r[2].0, r[3].0, r[4].0, place, step)
        storeWeights(r[0].1, r[1].1, r[2].1, r[3].1, r[4].1, place + step, step)
        storeWeights(r[0].2, r[1].2, r[2].2, r[3].2, r[4].2, place + 2 &* step, step)
        storeWeights(r[0].3, r[1].3, r[2].3, r[3].3, r[4].3, place + 3 &* step, step)
        storeWeights(r[0].4, r[1].4, r[2].4, r[3].4, r[4].4, place + 4 &* step, step)
        storeWeights(r[0].5, r[1].5, r[2].5, r[3].5, r[4].5, place + 5 &* step, step)
      }
    }
  }

  /// Transforms a column of half transformed weights, of which kernels of 3 × 3 use the first three, and stores it to the points
  /// of that column.
  @inline(__always)
  private func storeWeights(
    _ a: Vec, _ b: Vec, _ c: Vec, _ d: Vec, _ e: Vec, _ place: UnsafeMutablePointer<Float>, _ step: Int
  ) {
    let column = kernelSize == 3 ? WinogradTransform.weights(a, b, c) : WinogradTransform.weights(a, b, c, d, e)
    store(column.0, place)
    store(column.1, place + 6 &* step)
    store(column.2, place + 12 &* step)
    store(column.3, place + 18 &* step)
    store(column.4, place + 24 &* step)
    store(column.5, place + 30 &* step)
  }
}

/// The table's record of Winograd convolution.
func winogradAlgorithm() -> gln_f32_convolution_algorithm {
  gln_f32_convolution_algorithm(
    name: cName("winograd"), phases: 2,
    supports: { shape in WinogradConvolution.supports(shape.unsafelyUnwrapped.pointee) ? 1 : 0 },
    extra_input: { shape, rows, columns in
      let shape = shape.unsafelyUnwrapped.pointee
      let tileSize = Int32(WinogradConvolution(shape).tileSize)
      rows.unsafelyUnwrapped.pointee = (tileSize &- shape.output_height % tileSize) % tileSize
      columns.unsafelyUnwrapped.pointee = (tileSize &- shape.output_width % tileSize) % tileSize
    },
    packed_size: { shape in WinogradConvolution(shape.unsafelyUnwrapped.pointee).packedSize },
    pack: { shape, weights, bias, packed in
      WinogradConvolution(shape.unsafelyUnwrapped.pointee)
        .pack(weights.unsafelyUnwrapped, bias, packed.unsafelyUnwrapped)
    },
    tile_size: { shape in Int32(WinogradConvolution(shape.unsafelyUnwrapped.pointee).tileSize) },
    shared_size: { shape in WinogradConvolution(shape.unsafelyUnwrapped.pointee).sharedSize },
    scratch_size: { shape in WinogradConvolution(shape.unsafelyUnwrapped.pointee).scratchSize },
    unit_count: { shape, phase in
      Int32(WinogradConvolution(shape.unsafelyUnwrapped.pointee).cut(phase).units)
    },
    run: { arguments, phase, unit, scratch in
      let shape = arguments.unsafelyUnwrapped.load(as: gln_f32_convolution.self)
      let convolution = WinogradConvolution(shape)
      if phase == 0 {
        convolution.transformInput(shape, unit)
      } else {
        convolution.multiply(shape, unit, scratch.unsafelyUnwrapped.assumingMemoryBound(to: Float.self))
      }
    })
}
