import CKernels

/// Maximum and average pooling of unsigned integers, vectorised over channels.
struct Int8Pooling {
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

  /// Sums are exact in 32 bits; the average is rounded twice, by the conversion of the sum and by the multiplication.
  func runAverage(_ unit: Int32) {
    let geometry = PoolingGeometry(arguments, inputSize: 1, outputSize: MemoryLayout<Float>.size)
    let (firstRow, endRow) = geometry.cut.range(unit)
    let input = arguments.input.unsafelyUnwrapped.assumingMemoryBound(to: UInt8.self)
    let output = arguments.output.unsafelyUnwrapped
    for row in firstRow..<endRow {
      let rows = geometry.rows(row)
      for column in 0..<geometry.outputWidth {
        let columns = geometry.columns(column)
        let scale = Vec(repeating: arguments.scale / Float(geometry.count(rows, columns)))
        let corner = input + (rows.first &* geometry.inputRowStep &+ columns.first &* geometry.inputColumnStep)
        let averages = (output + (row &* geometry.outputRowStep &+ column &* geometry.outputColumnStep))
          .assumingMemoryBound(to: Float.self)
        var channel = 0
        while channel < geometry.channels {
          var sum = Sums(repeating: 0)
          for row in 0..<rows.count {
            var place = corner + (row &* geometry.inputRowStep &+ channel)
            for _ in 0..<columns.count {
              sum &+= Int8Tier.load(place)
              place += geometry.inputColumnStep
            }
          }
          store(Int8Tier.floats(sum) * scale, averages + channel, count: geometry.channels &- channel)
          channel &+= Vec.scalarCount
        }
      }
    }
  }
}
