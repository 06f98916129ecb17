import GoogLeNet

/// Rounds weights so that what rounding one changes in a layer's outputs is made up for by those that are rounded after it.
///
/// For inputs with the Gram matrix H = R Rᵀ, R upper triangular, weights w and rounded weights q change the outputs by the squared
/// length of (w − q) R. Going through the columns of R, each weight is rounded to what makes its column's entry least, given the ones
/// before it (Babai's nearest plane; the same result as GPTQ, Frantar et al. 2022). Inputs with much energy come first.
struct CompensatedRounding {
  /// Of the mean of H's diagonal, added to the diagonal: H of few pictures is singular.
  static let damping = 0.01
  /// Shares of the largest weight that are tried as the range of a channel; the one with the least error is taken.
  static let ranges: [Float] = [1, 0.95, 0.9, 0.85, 0.8]
  /// The largest magnitude of a rounded weight.
  static let top: Float = 127

  private typealias Lanes = SIMD16<Float>

  private let size: Int
  /// Inputs in the reverse of the order in which their weights are rounded.
  private let order: [Int]
  /// Row-major: at row r and column c > r, the factor's value there divided by its diagonal.
  private let ratios: HeapBlock
  private let diagonal: [Float]

  init(_ gram: GramMatrix) throws(GoogLeNetError) {
    let size = gram.size
    let energies = (0..<size).map { gram[$0, $0] }
    let order = (0..<size).sorted { energies[$0] != energies[$1] ? energies[$0] < energies[$1] : $0 > $1 }
    let mean = energies.reduce(0.0) { $0 + Double($1) } / Double(size)
    var ridge = mean > 0 ? mean * CompensatedRounding.damping : 1
    var factor: CholeskyFactor?
    while factor == nil {
      factor = CholeskyFactor(size: size) { row, column in
        Double(gram[order[row], order[column]]) + (row == column ? ridge : 0)
      }
      ridge *= 10
      guard ridge.isFinite else {
        throw GoogLeNetError(.invalidArgument, "the inputs of a layer are too large to fit weights to")
      }
    }
    guard let factor, let ratios = HeapBlock(byteCount: size * size * 4) else {
      throw GoogLeNetError(.outOfMemory, "no memory for the statistics of \(size) inputs")
    }
    let values = ratios.mutableBytes.assumingMemoryBound(to: Float.self)
    for column in 0..<size {
      for row in column..<size { values[column * size + row] = Float(factor[row, column] / factor[column, column]) }
    }
    self.size = size
    self.order = order
    self.ratios = ratios
    diagonal = (0..<size).map { Float(factor[$0, $0]) }
  }

  /// Rounds rows of `size` weights.
  /// - Parameter leastScales: one a row; no scale becomes smaller.
  /// - Returns: as many bytes, and a scale a row.
  func round(_ weights: [Float], leastScales: [Float], _ team: WorkTeam) -> (values: [Int8], scales: [Float]) {
    let rows = leastScales.count
    var values = [Int8](repeating: 0, count: weights.count)
    var scales = [Float](repeating: 1, count: rows)
    values.withUnsafeMutableBufferPointer { values in
      scales.withUnsafeMutableBufferPointer { scales in
        nonisolated(unsafe) let values = values
        nonisolated(unsafe) let scales = scales
        team.forEach((rows + Lanes.scalarCount - 1) / Lanes.scalarCount) { unit in
          let first = unit * Lanes.scalarCount
          let range = first..<min(first + Lanes.scalarCount, rows)
          round(weights, range, leastScales, values, scales)
        }
      }
    }
    return (values, scales)
  }

  private func round(
    _ weights: [Float], _ rows: Range<Int>, _ leastScales: [Float], _ values: UnsafeMutableBufferPointer<Int8>,
    _ scales: UnsafeMutableBufferPointer<Float>
  ) {
    var targets = [Lanes](repeating: .zero, count: size)
    var largest = Lanes.zero
    for (lane, row) in rows.enumerated() {
      for place in 0..<size {
        let weight = weights[row * size + order[place]]
        targets[place][lane] = weight
        largest[lane] = max(largest[lane], abs(weight))
      }
    }
    var least = Lanes(repeating: .infinity)
    for share in CompensatedRounding.ranges {
      var scale = largest * (share / CompensatedRounding.top)
      for (lane, row) in rows.enumerated() { scale[lane] = max(scale[lane], leastScales[row]) }
      scale.replace(with: 1, where: scale .< Float.leastNormalMagnitude)
      let (rounded, loss) = round(targets, scale)
      for (lane, row) in rows.enumerated() where loss[lane] < least[lane] {
        least[lane] = loss[lane]
        scales[row] = scale[lane]
        for place in 0..<size { values[row * size + order[place]] = Int8(rounded[place][lane]) }
      }
    }
  }

  /// - Returns: whole numbers, and what the change in the outputs is in squares.
  private func round(_ targets: [Lanes], _ scale: Lanes) -> (rounded: [Lanes], loss: Lanes) {
    var rounded = [Lanes](repeating: .zero, count: size)
    var errors = [Lanes](repeating: .zero, count: size)
    var loss = Lanes.zero
    let ratios = self.ratios.bytes.assumingMemoryBound(to: Float.self)
    let top = Lanes(repeating: CompensatedRounding.top)
    errors.withUnsafeMutableBufferPointer { errors in
      for place in stride(from: size - 1, through: 0, by: -1) {
        var carried = Lanes.zero
        let row = place * size
        for later in place + 1..<size { carried += errors[later] * ratios[row + later] }
        let wanted = targets[place] + carried
        let whole = (wanted / scale).rounded(.toNearestOrEven).clamped(lowerBound: -top, upperBound: top)
        rounded[place] = whole
        let stored = whole * scale
        errors[place] = targets[place] - stored
        let change = (wanted - stored) * diagonal[place]
        loss += change * change
      }
    }
    return (rounded, loss)
  }
}
