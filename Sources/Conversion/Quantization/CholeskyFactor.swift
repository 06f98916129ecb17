import GoogLeNet

/// The lower triangular L with L Lᵀ = a symmetric positive definite matrix.
struct CholeskyFactor {
  let size: Int
  private var rows: [Double]

  /// - Parameter matrix: its value at a row and a column, which is not larger than the row.
  /// - Returns: nil where the matrix is not positive definite.
  init?(size: Int, _ matrix: (Int, Int) -> Double) {
    self.size = size
    rows = [Double](repeating: 0, count: size * size)
    let isPositive = rows.withUnsafeMutableBufferPointer { buffer in
      guard let rows = buffer.baseAddress else { return true }
      for row in 0..<size {
        let current = rows + row * size
        for column in 0...row {
          let rest = matrix(row, column) - CholeskyFactor.dot(current, rows + column * size, column)
          if column < row {
            current[column] = rest / rows[column * size + column]
          } else {
            guard rest > 0, rest.isFinite else { return false }
            current[column] = rest.squareRoot()
          }
        }
      }
      return true
    }
    guard isPositive else { return nil }
  }

  subscript(_ row: Int, _ column: Int) -> Double { rows[row * size + column] }

  private static func dot(_ left: UnsafePointer<Double>, _ right: UnsafePointer<Double>, _ count: Int) -> Double {
    var sum0 = SIMD4<Double>.zero
    var sum1 = SIMD4<Double>.zero
    var index = 0
    while index &+ 8 <= count {
      let first = UnsafeRawPointer(left + index)
      let second = UnsafeRawPointer(right + index)
      sum0 += first.loadUnaligned(as: SIMD4<Double>.self) * second.loadUnaligned(as: SIMD4<Double>.self)
      sum1 +=
        first.loadUnaligned(fromByteOffset: 32, as: SIMD4<Double>.self)
        * second.loadUnaligned(fromByteOffset: 32, as: SIMD4<Double>.self)
      index &+= 8
    }
    var sum = (sum0 + sum1).sum()
    while index < count {
      sum += left[index] * right[index]
      index &+= 1
    }
    return sum
  }
}
