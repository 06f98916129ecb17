import CKernels

/// Maximum and average pooling of unsigned integers, vectorised over channels.
struct IntegerPooling {
  let arguments: gln_pooling

  func runMaximumU8(_ unit: Int32) { runMaximum(PooledBytes.self, size: 1, unit) }

  func runMaximumU16(_ unit: Int32) { runMaximum(PooledWords.self, size: 2, unit) }

  /// - Parameter size: bytes of a value.
  @inline(__always)
  private func runMaximum<Values: PooledValues>(_: Values.Type, size: Int, _ unit: Int32) {
    MaximumPooling<Values>(
      geometry: PoolingGeometry(arguments, inputSize: size, outputSize: size),
      input: arguments.input.unsafelyUnwrapped, output: arguments.output.unsafelyUnwrapped
    ).run(unit)
  }

  /// Sums are exact; the average is rounded twice, by the conversion of the sum and by the multiplication.
  func runAverage(_ unit: Int32, _ findings: UnsafeMutablePointer<gln_findings>) {
    let geometry = PoolingGeometry(arguments, inputSize: 1, outputSize: MemoryLayout<Float>.size)
    let (firstRow, endRow) = geometry.cut.range(unit)
    let input = arguments.input.unsafelyUnwrapped.assumingMemoryBound(to: UInt8.self)
    let output = arguments.output.unsafelyUnwrapped
    var check = FiniteCheck()
    for row in firstRow..<endRow {
      let rows = geometry.rows(row)
      for column in 0..<geometry.outputWidth {
        let columns = geometry.columns(column)
        let scale = Vec(repeating: arguments.scale / Float(geometry.count(rows, columns)))
        let corner = input + (rows.first &* geometry.inputRowStep &+ columns.first &* geometry.inputColumnStep)
        let averages = (output + (row &* geometry.outputRowStep &+ column &* geometry.outputColumnStep))
          .assumingMemoryBound(to: Float.self)
        let isLarge = rows.count &* columns.count > Self.mostPixels
        var channel = 0
        while channel < geometry.channels {
          let sums =
            isLarge
            ? Self.sumsOfLargeWindow(
              corner + channel, rows.count, columns.count, geometry.inputRowStep, geometry.inputColumnStep)
            : gln_to_floats(
              Self.sums(corner + channel, rows.count, columns.count, geometry.inputRowStep, geometry.inputColumnStep))
          let result = sums * scale
          store(result, averages + channel, count: geometry.channels &- channel)
          check.take(result, storedAt: averages + channel, count: geometry.channels &- channel)
          channel &+= Vec.scalarCount
        }
      }
    }
    check.report(to: findings)
  }

  /// Pixels whose sums fit 32 bits whatever they hold.
  @inline(__always) private static var mostPixels: Int { Int(Int32.max) / 255 }

  /// The sums of a window of at most `mostPixels`, for a vector of channels.
  @inline(__always)
  private static func sums(
    _ corner: UnsafePointer<UInt8>, _ rows: Int, _ columns: Int, _ rowStep: Int, _ columnStep: Int
  ) -> Sums {
    var sums = Sums(repeating: 0)
    for row in 0..<rows {
      var place = corner + row &* rowStep
      for _ in 0..<columns {
        sums &+= load(place)
        place += columnStep
      }
    }
    return sums
  }

  /// The sums of a window of any size, each rounded once.
  @inline(never)
  private static func sumsOfLargeWindow(
    _ corner: UnsafePointer<UInt8>, _ rows: Int, _ columns: Int, _ rowStep: Int, _ columnStep: Int
  ) -> Vec {
    var totals = InlineArray<16, Int64> { _ in 0 }
    for row in 0..<rows {
      var column = 0
      while column < columns {
        let end = Swift.min(columns, column &+ mostPixels)
        let sums = sums(corner + (row &* rowStep &+ column &* columnStep), 1, end &- column, rowStep, columnStep)
        for lane in 0..<Vec.scalarCount { totals[lane] &+= Int64(sums[lane]) }
        column = end
      }
    }
    var result = Vec(repeating: 0)
    for lane in 0..<Vec.scalarCount { result[lane] = Float(totals[lane]) }
    return result
  }
}
