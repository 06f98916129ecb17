/// The pixels of a part of a picture in the order in which they are seen, read where they lie.
struct UprightPixels {
  private let picture: Picture
  /// Where the first pixel of the first row is stored, and how far its neighbours, to the right and below, are from there.
  private let start: (column: Int, row: Int)
  private let columnStep: (column: Int, row: Int)
  private let rowStep: (column: Int, row: Int)
  private let width: Int

  init(_ picture: Picture, _ box: View.Box) {
    let orientation = picture.orientation
    self.picture = picture
    width = box.width
    let left = orientation.reversesColumns ? picture.seenWidth - 1 - box.left : box.left
    let top = orientation.reversesRows ? picture.seenHeight - 1 - box.top : box.top
    let toTheRight = orientation.reversesColumns ? -1 : 1
    let down = orientation.reversesRows ? -1 : 1
    if orientation.swapsSides {
      start = (top, left)
      columnStep = (0, toTheRight)
      rowStep = (down, 0)
    } else {
      start = (left, top)
      columnStep = (toTheRight, 0)
      rowStep = (0, down)
    }
  }

  /// Writes a row as RGB bytes, or as gray ones where `channels` is 1.
  /// - Returns: whether its values are finite numbers.
  @_optimize(speed)
  func gather(_ row: Int, channels: Int, into line: UnsafeMutablePointer<UInt8>) -> Bool {
    let first = (column: start.column + row * rowStep.column, row: start.row + row * rowStep.row)
    if let format = picture.format.bytes {
      gatherBytes(format, first, channels, line)
    } else if let chroma = picture.format.chroma {
      gatherLumaAndChroma(chroma, first, channels, line)
    } else {
      return gatherFloats(first, channels, line)
    }
    return true
  }

  @_optimize(speed)
  private func gatherBytes(
    _ format: PixelFormat, _ first: (column: Int, row: Int), _ channels: Int, _ line: UnsafeMutablePointer<UInt8>
  ) {
    let plane = picture.planes[0]
    let offsets = format.channelOffsets
    let pixelBytes = format.bytesPerPixel
    let step = columnStep.column &* pixelBytes &+ columnStep.row &* plane.stride
    var pixel = plane.base.assumingMemoryBound(to: UInt8.self) + (first.row * plane.stride + first.column * pixelBytes)
    var next = line
    for _ in 0..<width {
      if channels == 3 {
        next[0] = pixel[offsets.red]
        next[1] = pixel[offsets.green]
        next[2] = pixel[offsets.blue]
      } else if format == .gray {
        next[0] = pixel[0]
      } else {
        next[0] = UprightPixels.luma(pixel[offsets.red], pixel[offsets.green], pixel[offsets.blue])
      }
      next += channels
      pixel += step
    }
  }

  /// With the matrix of ITU-R BT.601, in 16-bit fixed point; a colour value stands for all four pixels that share it.
  @_optimize(speed)
  private func gatherLumaAndChroma(
    _ chroma: PictureFormat.Chroma, _ first: (column: Int, row: Int), _ channels: Int,
    _ line: UnsafeMutablePointer<UInt8>
  ) {
    let (lumaFactor, lumaZero): (Int32, Int32) = chroma.isFullRange ? (65_536, 0) : (76_309, 16)
    let (redCr, greenCb, greenCr, blueCb): (Int32, Int32, Int32, Int32) =
      chroma.isFullRange ? (91_881, 22_554, 46_802, 116_130) : (104_597, 25_675, 53_279, 132_201)
    let pairBytes = chroma.isInterleaved ? 2 : 1
    let luma = picture.planes[0]
    let cb = picture.planes[1]
    let cr =
      chroma.isInterleaved ? Picture.Plane(base: cb.base + 1, stride: cb.stride) : picture.planes[2]
    var (column, row) = first
    var next = line
    for _ in 0..<width {
      let y = lumaFactor &* (Int32(luma.byte(row, column)) &- lumaZero) &+ 0x8000
      if channels == 1 {
        next[0] = UprightPixels.clamped(y)
      } else {
        let pair = (column &>> 1) &* pairBytes
        let u = Int32(cb.byte(row &>> 1, pair)) &- 128
        let v = Int32(cr.byte(row &>> 1, pair)) &- 128
        next[0] = UprightPixels.clamped(y &+ redCr &* v)
        next[1] = UprightPixels.clamped(y &- greenCb &* u &- greenCr &* v)
        next[2] = UprightPixels.clamped(y &+ blueCb &* u)
      }
      next += channels
      column &+= columnStep.column
      row &+= columnStep.row
    }
  }

  @_optimize(speed)
  private func gatherFloats(
    _ first: (column: Int, row: Int), _ channels: Int, _ line: UnsafeMutablePointer<UInt8>
  ) -> Bool {
    let plane = picture.planes[0]
    let step = columnStep.column &* 3 &* MemoryLayout<Float>.size &+ columnStep.row &* plane.stride
    var pixel = plane.base + (first.row * plane.stride + first.column * 3 * MemoryLayout<Float>.size)
    var next = line
    var isFinite = true
    for _ in 0..<width {
      let values = pixel.assumingMemoryBound(to: Float.self)
      isFinite = isFinite && values[0].isFinite && values[1].isFinite && values[2].isFinite
      let (red, green, blue) = (
        UprightPixels.byte(values[0]), UprightPixels.byte(values[1]), UprightPixels.byte(values[2])
      )
      if channels == 3 {
        next[0] = red
        next[1] = green
        next[2] = blue
      } else {
        next[0] = UprightPixels.luma(red, green, blue)
      }
      next += channels
      pixel += step
    }
    return isFinite
  }

  /// Gray with Pillow's weights (ITU-R 601-2 luma in 16-bit fixed point).
  @inline(__always)
  private static func luma(_ red: UInt8, _ green: UInt8, _ blue: UInt8) -> UInt8 {
    let sum = UInt32(red) &* 19595 &+ UInt32(green) &* 38470 &+ UInt32(blue) &* 7471 &+ 0x8000
    return UInt8(truncatingIfNeeded: sum &>> 16)
  }

  @inline(__always)
  private static func clamped(_ fixedPoint: Int32) -> UInt8 {
    UInt8(truncatingIfNeeded: max(0, min(255, fixedPoint &>> 16)))
  }

  /// The nearest of 0 to 255 for 0 to 1, what lies beyond included.
  @inline(__always)
  private static func byte(_ value: Float) -> UInt8 {
    let level = (value * 255).rounded(.toNearestOrEven)
    return level >= 255 ? 255 : level > 0 ? UInt8(level) : 0
  }
}

extension Picture.Plane {
  @inline(__always)
  fileprivate func byte(_ row: Int, _ column: Int) -> UInt8 {
    base.load(fromByteOffset: row &* stride &+ column, as: UInt8.self)
  }
}
