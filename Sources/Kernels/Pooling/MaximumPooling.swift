import CKernels

/// Maximum pooling of any type of values, vectorised over channels.
struct MaximumPooling<Values: PooledValues> {
  typealias Vector = Values.Vector

  let geometry: PoolingGeometry
  let input: UnsafeRawPointer
  let output: UnsafeMutableRawPointer

  @inline(__always) private static var width: Int { MemoryLayout<Vector>.size }

  /// Computes a unit's rows.
  @inline(__always)
  func run(_ unit: Int32) {
    let (firstRow, endRow) = geometry.cut.range(unit)
    let bytes = geometry.pixelBytes
    var place = 0
    while place &+ 4 &* Self.width <= bytes {
      for row in firstRow..<endRow { runRow(row, place, Vectors<4>.self) }
      place &+= 4 &* Self.width
    }
    while place < bytes {
      // The last vector ends with the last channel, and repeats some of the one before.
      if place &+ Self.width > bytes && bytes >= Self.width { place = bytes &- Self.width }
      for row in firstRow..<endRow { runRow(row, place, Vectors<1>.self) }
      place &+= Self.width
    }
  }

  /// `count` vectors of channels of all pixels of an output row, from byte `place` of each pixel on.
  @inline(__always)
  private func runRow<let count: Int>(
    _ row: Int, _ place: Int, _: Vectors<count>.Type
  ) {
    let rows = geometry.rows(row)
    let source = input + (rows.first &* geometry.inputRowStep &+ place)
    let target = output + (row &* geometry.outputRowStep &+ place)
    let isSmall = geometry.kernelWidth <= 3 && rows.count <= 3
    // Of fewer than three rows some are taken twice, which changes no maximum.
    let second = rows.count > 1 ? geometry.inputRowStep : 0
    let third = (rows.count &- 1) &* geometry.inputRowStep
    let step = geometry.inputColumnStep
    let overlaps = isSmall && geometry.kernelWidth == 3 && geometry.strideWidth <= 2
    let (firstWhole, endWhole) = overlaps ? geometry.wholeColumns : (0, 0)
    var column = 0
    while column < geometry.outputWidth {
      let columns = geometry.columns(column)
      let corner = source + columns.first &* step
      let outputs = target + column &* geometry.outputColumnStep
      if column == firstWhole && endWhole > firstWhole {
        runWholeWindows(endWhole &- firstWhole, corner, second, third, outputs, Vectors<count>.self)
        column = endWhole
        continue
      }
      if isSmall {
        let left: InlineArray<count, Vector> = columnMaximum(corner, second, third)
        let middle: InlineArray<count, Vector> = columnMaximum(corner + (columns.count > 1 ? step : 0), second, third)
        let right: InlineArray<count, Vector> = columnMaximum(corner + (columns.count &- 1) &* step, second, third)
        store(Self.maxima(Self.maxima(left, middle), right), outputs)
      } else {
        for vector in 0..<count {
          runWindow(corner + vector &* Self.width, columns.count, rows.count, outputs + vector &* Self.width)
        }
      }
      column &+= 1
    }
  }

  /// Windows of three columns that no side of the image cuts: they overlap in one column or two, whose maxima are known.
  @inline(__always)
  private func runWholeWindows<let count: Int>(
    _ windows: Int, _ corner: UnsafeRawPointer, _ second: Int, _ third: Int, _ outputs: UnsafeMutableRawPointer,
    _: Vectors<count>.Type
  ) {
    let step = geometry.inputColumnStep
    var place = corner
    var left: InlineArray<count, Vector> = columnMaximum(place, second, third)
    var middle: InlineArray<count, Vector> = columnMaximum(place + step, second, third)
    for window in 0..<windows {
      let right: InlineArray<count, Vector> = columnMaximum(place + 2 &* step, second, third)
      store(Self.maxima(Self.maxima(left, middle), right), outputs + window &* geometry.outputColumnStep)
      if geometry.strideWidth == 1 {
        left = middle
        middle = right
        place += step
      } else {
        left = right
        place += 2 &* step
        if window &+ 1 < windows { middle = columnMaximum(place + step, second, third) }
      }
    }
  }

  /// The maxima of three values below each other, `second` and `third` bytes from the first.
  @inline(__always)
  private func columnMaximum<let count: Int>(
    _ place: UnsafeRawPointer, _ second: Int, _ third: Int
  ) -> InlineArray<count, Vector> {
    InlineArray<count, Vector> {
      Values.larger(Values.larger(load(place, $0), load(place + second, $0)), load(place + third, $0))
    }
  }

  /// A vector of channels of a window of any size, column by column.
  @inline(never)
  private func runWindow(
    _ corner: UnsafeRawPointer, _ columns: Int, _ rows: Int, _ target: UnsafeMutableRawPointer
  ) {
    var corner = corner
    var results = load(corner, 0)
    for _ in 0..<columns {
      var column = load(corner, 0)
      for row in 1..<Swift.max(1, rows) {
        column = Values.larger(column, load(corner + row &* geometry.inputRowStep, 0))
      }
      results = Values.larger(results, column)
      corner += geometry.inputColumnStep
    }
    store([results] as InlineArray<1, Vector>, target)
  }

  @inline(__always)
  private func load(_ place: UnsafeRawPointer, _ vector: Int) -> Vector {
    (place + vector &* Self.width).loadUnaligned(as: Vector.self)
  }

  /// Stores results, of a pixel that has fewer channels than a vector only those.
  @inline(__always)
  private func store<let count: Int>(_ results: InlineArray<count, Vector>, _ place: UnsafeMutableRawPointer) {
    if geometry.pixelBytes >= Self.width {
      for vector in 0..<count {
        place.storeBytes(of: results[vector], toByteOffset: vector &* Self.width, as: Vector.self)
      }
    } else {
      withUnsafePointer(to: results) { gln_copy_bytes(place, $0, geometry.pixelBytes) }
    }
  }

  @inline(__always)
  private static func maxima<let count: Int>(
    _ a: InlineArray<count, Vector>, _ b: InlineArray<count, Vector>
  ) -> InlineArray<count, Vector> {
    var results = a
    for vector in 0..<count { results[vector] = Values.larger(a[vector], b[vector]) }
    return results
  }
}
