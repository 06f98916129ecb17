import GoogLeNet

/// A constant of a foreign graph.
struct GraphConstant {
  enum Values {
    case floats([Float])
    case integers([Int])
  }

  var dims: [Int]
  let values: Values
  /// What the values take of the budget.
  private let charge: ValueCharge

  /// - Parameters:
  ///   - count: how many values there are.
  ///   - type: of the values that `make` makes.
  init<Value>(
    dims: [Int], count: Int, of type: Value.Type, _ budget: ValueBudget, _ make: () throws(GoogLeNetError) -> Values
  ) throws(GoogLeNetError) {
    self.dims = dims
    charge = try budget.charge(ValueBudget.bytes(count, of: type))
    values = try make()
  }

  /// A row of whole numbers.
  init(row: [Int], _ budget: ValueBudget) throws(GoogLeNetError) {
    try self.init(dims: [row.count], count: row.count, of: Int.self, budget) { .integers(row) }
  }

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

  /// As a tensor with the axes in another order, which must be a permutation of them.
  func tensor(order: [Int], _ budget: ValueBudget) throws(GoogLeNetError) -> Tensor {
    try budget.lend(2 * ValueBudget.bytes(count, of: Float.self)) { () throws(GoogLeNetError) in
      try Tensor(floats.transposed(dims, order), dims: order.map { dims[$0] }, budget)
    }
  }

  /// As a tensor of other dimensions, whose product must be the number of values.
  func tensor(dims: [Int], _ budget: ValueBudget) throws(GoogLeNetError) -> Tensor {
    try budget.lend(integers == nil ? 0 : ValueBudget.bytes(count, of: Float.self)) { () throws(GoogLeNetError) in
      try Tensor(floats, dims: dims, budget)
    }
  }
}
