/// Where a value of one image lies, channels-last.
struct Location {
  let base: UnsafeMutableRawPointer
  let shape: Shape
  let encoding: ActivationEncoding
  /// In elements.
  let rowStride: Int
  let pixelStride: Int

  var floats: UnsafeMutablePointer<Float> { base.assumingMemoryBound(to: Float.self) }
  var bytes: UnsafeMutablePointer<UInt8> { base.assumingMemoryBound(to: UInt8.self) }
  var words: UnsafeMutablePointer<UInt16> { base.assumingMemoryBound(to: UInt16.self) }

  /// Whether all of the value is finite as float32.
  var isFinite: Bool {
    switch encoding {
    case .float32:
      for row in 0..<shape.height {
        for column in 0..<shape.width
        where !Finiteness.isFinite(floats + (row &* rowStride &+ column &* pixelStride), count: shape.channels) {
          return false
        }
      }
      return true
    case .u8(let scale): return largestIsFinite(bytes, scale)
    case .u16(let scale): return largestIsFinite(words, scale)
    }
  }

  @_optimize(speed)
  private func largestIsFinite<Element: FixedWidthInteger>(_ elements: UnsafeMutablePointer<Element>, _ scale: Float)
    -> Bool
  {
    if (Float(Element.max) * scale).isFinite { return true }
    var largest: Element = 0
    for row in 0..<shape.height {
      for column in 0..<shape.width {
        let pixel = elements + (row &* rowStride &+ column &* pixelStride)
        for channel in 0..<shape.channels { largest = max(largest, pixel[channel]) }
      }
    }
    return (Float(largest) * scale).isFinite
  }

  /// Writes the value as float32 planes (CHW).
  @_optimize(speed)
  func copyPlanes(to output: UnsafeMutablePointer<Float>) {
    switch encoding {
    case .float32: copyPlanes(floats, to: output) { value, _ in value }
    case .u8(let scale): copyPlanes(bytes, to: output) { value, _ in Float(value) * scale }
    case .u16(let scale): copyPlanes(words, to: output) { value, _ in Float(value) * scale }
    }
  }

  /// The same of the network's input, whose bytes are pixels as they are.
  func copyInput(_ preprocessing: Preprocessing, to output: UnsafeMutablePointer<Float>) {
    guard case .u8 = encoding else { return copyPlanes(to: output) }
    copyPlanes(bytes, to: output) { value, channel in
      (Float(value) - preprocessing.mean[channel]) * preprocessing.scale[channel]
    }
  }

  @inline(__always)
  private func copyPlanes<Element>(
    _ elements: UnsafeMutablePointer<Element>, to output: UnsafeMutablePointer<Float>,
    _ decode: (_ value: Element, _ channel: Int) -> Float
  ) {
    var next = output
    for channel in 0..<shape.channels {
      for row in 0..<shape.height {
        var pixel = elements + (row &* rowStride &+ channel)
        for _ in 0..<shape.width {
          next.pointee = decode(pixel.pointee, channel)
          next += 1
          pixel += pixelStride
        }
      }
    }
  }
}
