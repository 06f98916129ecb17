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
  /// - Parameter preprocessing: for the network's input, whose bytes are pixels as they are; nil for other values.
  func copyPlanes(to output: UnsafeMutablePointer<Float>, _ preprocessing: Preprocessing?) {
    let count = shape.height &* shape.width
    for channel in 0..<shape.channels {
      let plane = output + channel &* count
      switch encoding {
      case .float32: copyPlane(floats + channel, to: plane) { $0 }
      case .u8(let scale):
        let mean = preprocessing?.mean[channel] ?? 0
        let factor = preprocessing?.scale[channel] ?? scale
        copyPlane(bytes + channel, to: plane) { (Float($0) - mean) * factor }
      case .u16(let scale): copyPlane(words + channel, to: plane) { Float($0) * scale }
      }
    }
  }

  @inline(__always)
  private func copyPlane<Element>(
    _ elements: UnsafeMutablePointer<Element>, to output: UnsafeMutablePointer<Float>, _ decode: (Element) -> Float
  ) {
    var next = output
    for row in 0..<shape.height {
      var pixel = elements + row &* rowStride
      for _ in 0..<shape.width {
        next.pointee = decode(pixel.pointee)
        next += 1
        pixel += pixelStride
      }
    }
  }
}
