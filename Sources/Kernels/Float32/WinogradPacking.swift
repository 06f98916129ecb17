/// Packs the weights of a Winograd convolution, once a session: sizes are values here, not types, for little code.
struct WinogradPacking {
  /// Taps of the largest form, and these with one direction transformed.
  private typealias Taps = InlineArray<25, Vec>
  private typealias Rows = InlineArray<30, Vec>

  let convolution: WinogradConvolution

  /// Packs weights (output channels, input channels, kernel height, kernel width) and biases (none: zeros).
  func pack(
    _ weights: UnsafePointer<Float>, _ bias: UnsafePointer<Float>?, _ packed: UnsafeMutablePointer<Float>
  ) {
    let blocks = convolution.blocks
    let width = Vec.scalarCount
    for channel in 0..<blocks.vectors &* width {
      packed[channel] = channel < blocks.channels ? bias.map { $0[channel] } ?? 0 : 0
    }
    var source = Taps { _ in Vec(repeating: 0) }
    var rows = Rows { _ in Vec(repeating: 0) }
    withUnsafeMutablePointer(to: &source) { source in
      withUnsafeMutablePointer(to: &rows) { rows in
        let source = UnsafeMutableRawPointer(source).assumingMemoryBound(to: Vec.self)
        let rows = UnsafeMutableRawPointer(rows).assumingMemoryBound(to: Vec.self)
        for vector in 0..<blocks.vectors {
          let block = vector / Tier.tileVectors
          let lanes = blocks.vectors(block) &* width
          let target =
            packed
            + (blocks.vectors &* width &+ blocks.firstChannel(block) &* convolution.points &* convolution.depth)
            + (vector &- block &* Tier.tileVectors) &* width
          for channel in 0..<convolution.depth {
            loadTaps(weights, vector, channel, source)
            transform(source, rows, target + channel &* lanes, convolution.depth &* lanes)
          }
        }
      }
    }
  }

  /// Writes the points of one of the inputs that a product sums over, `step` values apart.
  @inline(never)
  private func transform(
    _ source: UnsafePointer<Vec>, _ rows: UnsafeMutablePointer<Vec>, _ target: UnsafeMutablePointer<Float>, _ step: Int
  ) {
    let size = convolution.inputSize
    let taps = convolution.taps
    for row in 0..<taps {
      WinogradTransform.weights(source + row &* taps, 1, taps: taps, size: size) { point, value in
        rows[row &* size &+ point] = value
      }
    }
    for column in 0..<size {
      WinogradTransform.weights(rows + column, size, taps: taps, size: size) { point, value in
        store(value, target + (point &* size &+ column) &* step)
      }
    }
  }

  /// The taps, row by row, of a vector of output channels for one of the inputs that a product sums over. With stride 2 an input is a
  /// channel of one of four phases, in whose taps the odd kernel leaves a gap at the end: zeros, as in lanes without a channel.
  @inline(__always)
  private func loadTaps(
    _ weights: UnsafePointer<Float>, _ vector: Int, _ channel: Int, _ target: UnsafeMutablePointer<Vec>
  ) {
    let firstOutput = vector &* Vec.scalarCount
    let used = Swift.min(Vec.scalarCount, convolution.blocks.channels &- firstOutput)
    let stride = convolution.stride
    let channels = convolution.inputChannels
    let kernelSize = stride == 2 ? 7 : convolution.taps
    let phase = stride == 2 ? channel / channels : 0
    let size = kernelSize &* kernelSize
    let source = weights + (firstOutput &* channels &+ channel &- phase &* channels) &* size
    for row in 0..<convolution.taps {
      for column in 0..<convolution.taps {
        let y = row &* stride &+ phase / 2
        let x = column &* stride &+ phase % 2
        let place = target + (row &* convolution.taps &+ column)
        guard y < kernelSize, x < kernelSize else {
          place.pointee = Vec(repeating: 0)
          continue
        }
        let tap = source + (y &* kernelSize &+ x)
        var values = Vec(repeating: 0)
        for lane in 0..<used { values[lane] = tap[lane &* channels &* size] }
        place.pointee = values
      }
    }
  }
}
