/// The two-dimensional transforms of a tile of `outputs` × `outputs` outputs from `inputs` × `inputs` inputs, for one vector of
/// channels.
enum WinogradTile<let inputs: Int, let outputs: Int> {
  /// Reads the inputs by row and column and writes the point (i, j) to `target + (i · inputs + j) · step`.
  @inline(__always)
  static func transformInput(
    _ target: UnsafeMutablePointer<Float>, _ step: Int, _ read: (_ row: Int, _ column: Int) -> Vec
  ) {
    let columns = InlineArray<inputs, InlineArray<inputs, Vec>> { column in
      WinogradTransform.input(InlineArray<inputs, Vec> { read($0, column) })
    }
    for row in 0..<inputs {
      let points = WinogradTransform.input(InlineArray<inputs, Vec> { columns[$0][row] })
      for column in 0..<inputs { store(points[column], target + (row &* inputs &+ column) &* step) }
    }
  }

  /// Reads the products `step` values apart, adds the bias, checks the sums, raises to the minimum and writes the first `count`
  /// channels of the outputs in the image. Lanes past them are sums of zeros.
  ///
  /// - Parameter edge: room for a tile's outputs. Of a tile at an edge all are computed there, and those in the image are copied.
  @inline(__always)
  static func transformOutput(
    _ products: UnsafePointer<Float>, _ step: Int, bias: UnsafePointer<Vec>, minimum: Vec,
    _ output: UnsafeMutablePointer<Float>, rowStride: Int, pixelStride: Int, rows: Int, columns: Int, count: Int,
    edge: UnsafeMutablePointer<Float>
  ) -> FiniteCheck {
    let isWhole = rows == outputs && columns == outputs && count == Vec.scalarCount
    var check = transformOutput(
      products, step, bias: bias, minimum: isWhole ? minimum : Vec(repeating: -.infinity), isWhole ? output : edge,
      rowStride: isWhole ? rowStride : outputs &* Vec.scalarCount, pixelStride: isWhole ? pixelStride : Vec.scalarCount)
    if isWhole { return check }
    check = FiniteCheck()
    for row in 0..<rows {
      for column in 0..<columns {
        let result = load(edge + (row &* outputs &+ column) &* Vec.scalarCount)
        check.take(result)
        store(raise(result, to: minimum), output + (row &* rowStride &+ column &* pixelStride), count: count)
      }
    }
    return check
  }

  /// The same of a whole tile and a whole vector of channels.
  @inline(__always)
  private static func transformOutput(
    _ products: UnsafePointer<Float>, _ step: Int, bias: UnsafePointer<Vec>, minimum: Vec,
    _ output: UnsafeMutablePointer<Float>, rowStride: Int, pixelStride: Int
  ) -> FiniteCheck {
    let halves = InlineArray<inputs, InlineArray<outputs, Vec>> { column in
      WinogradTransform.output(InlineArray<inputs, Vec> { load(products + ($0 &* inputs &+ column) &* step) })
    }
    var check = FiniteCheck()
    for row in 0..<outputs {
      let results: InlineArray<outputs, Vec> = WinogradTransform.output(
        InlineArray<inputs, Vec> { halves[$0][row] })
      for column in 0..<outputs {
        let result = results[column] + bias.pointee
        check.take(result)
        store(raise(result, to: minimum), output + (row &* rowStride &+ column &* pixelStride))
      }
    }
    return check
  }
}
