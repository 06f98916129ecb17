/// The output channels of a convolution in blocks of `Tier.tileVectors` vectors; the last may have fewer vectors, and its last
/// vector fewer channels.
struct ChannelBlocks {
  let channels: Int
  /// All vectors, the last one perhaps not full.
  let vectors: Int
  let count: Int

  @inline(__always)
  init(channels: Int) {
    self.channels = channels
    vectors = (channels &+ Vec.scalarCount &- 1) / Vec.scalarCount
    count = (vectors &+ Tier.tileVectors &- 1) / Tier.tileVectors
  }

  @inline(__always)
  static var width: Int { Tier.tileVectors &* Vec.scalarCount }

  @inline(__always)
  func firstChannel(_ block: Int) -> Int { block &* Self.width }

  @inline(__always)
  func vectors(_ block: Int) -> Int { Swift.min(Tier.tileVectors, vectors &- block &* Tier.tileVectors) }

  /// How many channels the last vector of a block has.
  @inline(__always)
  func lastLanes(_ block: Int) -> Int {
    let rest = channels &- (block &* Tier.tileVectors &+ vectors(block) &- 1) &* Vec.scalarCount
    return Swift.min(Vec.scalarCount, rest)
  }

  /// How many channels a block has.
  @inline(__always)
  func lanes(_ block: Int) -> Int { Swift.min(Self.width, channels &- firstChannel(block)) }

  /// Blocks before this one are full.
  @inline(__always)
  var full: Int { channels / Self.width }
}
