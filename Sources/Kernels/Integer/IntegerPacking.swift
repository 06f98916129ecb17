import CKernels

/// The packed form of integer convolutions, lane by lane: for each block of output channels vectors in which each channel has a lane.
struct IntegerPacking {
  let blocks: ChannelBlocks
  /// Vectors for one vector of output channels.
  let vectorLength: Int
  let outputType: gln_integer_output

  /// Calls `write` with each output channel, the place of its lane in its block's first vector, and the bytes from there to the next.
  /// Lanes without a channel become zeros.
  @inline(__always)
  func forEachChannel(
    _ packed: UnsafeMutableRawPointer, _ write: (_ channel: Int, _ place: UnsafeMutableRawPointer, _ step: Int) -> Void
  ) {
    for block in 0..<blocks.count {
      let vectors = blocks.vectors(block)
      let step = vectors &* MemoryLayout<Sums>.size
      let firstChannel = blocks.firstChannel(block)
      let start = packed + firstChannel &* vectorLength &* MemoryLayout<Int32>.size
      for lane in 0..<vectors &* Vec.scalarCount {
        let channel = firstChannel &+ Requantization.channel(ofLane: lane, vectors: vectors, outputType)
        let place = start + lane &* MemoryLayout<Int32>.size
        if channel < blocks.channels {
          write(channel, place, step)
        } else {
          for vector in 0..<vectorLength { place.storeBytes(of: 0, toByteOffset: vector &* step, as: Int32.self) }
        }
      }
    }
  }
}
