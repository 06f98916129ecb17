import GoogLeNet

extension [Int] {
  /// The product of dimensions above 0; nil where one is not, or it does not fit.
  var checkedProduct: Int? {
    var product = 1
    for dim in self {
      let (next, overflow) = product.multipliedReportingOverflow(by: dim)
      guard dim > 0, !overflow else { return nil }
      product = next
    }
    return product
  }
}

extension Tensor {
  /// A matrix with rows and columns exchanged. The tensor must have two dimensions.
  func transposed() throws(GoogLeNetError) -> Tensor {
    let rows = dims[0], columns = dims[1]
    let values = floats()
    var result = [Float](repeating: 0, count: values.count)
    for row in 0..<rows {
      for column in 0..<columns { result[column * rows + row] = values[row * columns + column] }
    }
    return try Tensor(result, dims: [columns, rows])
  }
}
