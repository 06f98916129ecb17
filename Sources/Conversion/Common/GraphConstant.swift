import GoogLeNet

/// A constant of a foreign graph.
struct GraphConstant {
  enum Values {
    case floats([Float])
    case integers([Int])
  }

  var dims: [Int]
  let values: Values

  var floats: [Float] {
    switch values {
    case .floats(let values): values
    case .integers(let values): values.map(Float.init)
    }
  }

  /// nil where the values are not whole numbers.
  var integers: [Int]? {
    if case .integers(let values) = values { return values }
    return nil
  }

  var count: Int {
    switch values {
    case .floats(let values): values.count
    case .integers(let values): values.count
    }
  }

  /// With the axes in another order. `order` must be a permutation of them.
  func transposed(_ order: [Int]) -> GraphConstant {
    GraphConstant(dims: order.map { dims[$0] }, values: .floats(floats.transposed(dims, order)))
  }
}
