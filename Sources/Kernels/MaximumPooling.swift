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

  /// Carries the number of vectors done side by side as a type.
  private enum Vectors<let count: Int> {}

  /// `count` vectors of channels of all pixels of an output row, from byte `place` of each pixel on.
  @inline(__always)
  private func runRow<let count: Int>(
    _ row: Int, _ place: Int, _: Vectors<count>.Type
  ) {
    let rows = geometry.rows(row)
    let source = input + (rows.first &* geometry.inputRowStep &+ place)
    let target = output + (row &* geometry.outputRowStep &+ place)
    let step = geometry.inputColumnStep
    var (firstWhole, endWhole) = geometry.wholeColumns
    if geometry.kernelWidth != 3 || geometry.strideWidth > 2 { (firstWhole, endWhole) = (0, 0) }
    var column = 0
    while column < geometry.outputWidth {
      if column == firstWhole && endWhole > firstWhole {
        // Windows of 3 columns overlap in one or two, whose maxima are known.
        var place = source + geometry.columns(column).first &* step
        var first: InlineArray<count, Vector> = maximum(place, rows.count)
        var second: InlineArray<count, Vector> = maximum(place + step, rows.count)
        while column < endWhole {
          let third: InlineArray<count, Vector> = maximum(place + 2 &* step, rows.count)
          store(
            Self.maxima(Self.maxima(first, second), third),
            target + column &* geometry.outputColumnStep)
          if geometry.strideWidth == 1 {
            first = second
            second = third
            place += step
          } else {
            first = third
            place += 2 &* step
            if column &+ 1 < endWhole { second = maximum(place + step, rows.count) }
          }
          column &+= 1
        }
      } else {
        let columns = geometry.columns(column)
        var results: InlineArray<count, Vector> = maximum(source + columns.first &* step, rows.count)
        for other in columns.first &+ 1..<Swift.max(columns.first &+ 1, columns.end) {
          results = Self.maxima(results, maximum(source + other &* step, rows.count))
        }
        store(results, target + column &* geometry.outputColumnStep)
        column &+= 1
      }
    }
  }

  /// The maxima of a column of a window.
  @inline(__always)
  private func maximum<let count: Int>(
    _ place: UnsafeRawPointer, _ rows: Int
  ) -> InlineArray<count, Vector> {
    var results = InlineArray<count, Vector> { load(place, $0) }
    if rows == 3 {
      for row in 1..<3 { take(place + row &* geometry.inputRowStep, &results) }
    } else {
      for row in 1..<Swift.max(1, rows) { take(place + row &* geometry.inputRowStep, &results) }
    }
    return results
  }

  @inline(__always)
  private func take<let count: Int>(_ place: UnsafeRawPointer, _ results: inout InlineArray<count, Vector>) {
    for vector in 0..<count { results[vector] = Values.larger(results[vector], load(place, vector)) }
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
