import CKernels

/// Maximum and average pooling of floats, vectorised over channels.
struct Pooling {
  let arguments: gln_pooling
  let geometry: PoolingGeometry

  @inline(__always)
  init(_ arguments: gln_pooling) {
    self.arguments = arguments
    let size = MemoryLayout<Float>.size
    geometry = PoolingGeometry(arguments, inputSize: size, outputSize: size)
  }

  func runMaximum(_ unit: Int32) {
    MaximumPooling<PooledFloats>(
      geometry: geometry, input: arguments.input.unsafelyUnwrapped, output: arguments.output.unsafelyUnwrapped
    ).run(unit)
  }

  func runAverage(_ unit: Int32, _ findings: UnsafeMutablePointer<gln_findings>) {
    let (firstRow, endRow) = geometry.cut.range(unit)
    let input = arguments.input.unsafelyUnwrapped
    let output = arguments.output.unsafelyUnwrapped
    var check = FiniteCheck()
    for row in firstRow..<endRow {
      let rows = geometry.rows(row)
      for column in 0..<geometry.outputWidth {
        let columns = geometry.columns(column)
        average(
          input + (rows.first &* geometry.inputRowStep &+ columns.first &* geometry.inputColumnStep), rows.count,
          columns.count, Vec(repeating: Float(geometry.count(rows, columns))),
          (output + (row &* geometry.outputRowStep &+ column &* geometry.outputColumnStep))
            .assumingMemoryBound(to: Float.self), &check)
      }
    }
    check.report(to: findings)
  }

  /// The averages of one window.
  @inline(__always)
  private func average(
    _ input: UnsafeRawPointer, _ rows: Int, _ columns: Int, _ count: Vec, _ output: UnsafeMutablePointer<Float>,
    _ check: inout FiniteCheck
  ) {
    let width = Vec.scalarCount
    var channel = 0
    while channel &+ 4 &* width <= geometry.channels {
      let sums: InlineArray<4, Vec> = sum(input, channel, rows, columns)
      for vector in 0..<4 {
        let result = sums[vector] / count
        check.take(result)
        store(result, output + (channel &+ vector &* width))
      }
      channel &+= 4 &* width
    }
    while channel < geometry.channels {
      let sums: InlineArray<1, Vec> = sum(input, channel, rows, columns)
      let result = sums[0] / count
      store(result, output + channel, count: geometry.channels &- channel)
      check.take(result, storedAt: output + channel, count: geometry.channels &- channel)
      channel &+= width
    }
  }

  /// The sums of a window for several vectors of channels.
  @inline(__always)
  private func sum<let vectors: Int>(_ input: UnsafeRawPointer, _ channel: Int, _ rows: Int, _ columns: Int)
    -> InlineArray<vectors, Vec>
  {
    var sums = InlineArray<vectors, Vec> { _ in Vec(repeating: 0) }
    for row in 0..<rows {
      for column in 0..<columns {
        let place = input + (row &* geometry.inputRowStep &+ column &* geometry.inputColumnStep)
        for vector in 0..<vectors {
          sums[vector] += load(place.assumingMemoryBound(to: Float.self) + (channel &+ vector &* Vec.scalarCount))
        }
      }
    }
    return sums
  }
}
