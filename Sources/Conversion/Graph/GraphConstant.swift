import GoogLeNet

/// A constant of a foreign graph.
struct GraphConstant {
  enum Values {
    case floats([Float])
    case integers([Int])
    case stored(GraphStoredIntegers)
    case quantized(GraphQuantizedValues)
  }

  var dims: [Int]
  let values: Values
  /// How the file stores it; nil where nothing needs to know that.
  let format: NumberFormat?
  /// What the values take of the budget.
  private let charge: ValueCharge

  /// - Parameters:
  ///   - count: how many values there are.
  ///   - type: of the values that `make` makes; Never where they lie in the file.
  init<Value>(
    dims: [Int], format: NumberFormat? = nil, count: Int, of type: Value.Type, _ budget: ValueBudget,
    _ make: () throws(GoogLeNetError) -> Values
  ) throws(GoogLeNetError) {
    self.dims = dims
    self.format = format
    charge = try budget.charge(type == Never.self ? 0 : ValueBudget.bytes(count, of: type))
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
    case .stored(let values): (0..<values.count).map { Float(values[$0]) }
    case .quantized(let values): values.floats(dims)
    }
  }

  /// nil where the values are not whole numbers, or lie in the file in 8 or 16 bits, which shapes and axes do not.
  var integers: [Int]? {
    if case .integers(let values) = values { return values }
    return nil
  }

  var isWhole: Bool {
    switch values {
    case .integers, .stored: true
    case .floats, .quantized: false
    }
  }

  /// One of whole numbers.
  func whole(_ index: Int) -> Int {
    switch values {
    case .integers(let values): values[index]
    case .stored(let values): values[index]
    case .floats, .quantized: 0
    }
  }

  var count: Int {
    switch values {
    case .floats(let values): values.count
    case .integers(let values): values.count
    case .stored(let values): values.count
    case .quantized(let values): values.integers.count
    }
  }

  /// What reading the values as floats takes beside them.
  private var copiedBytes: Int {
    if case .floats = values { return 0 }
    return ValueBudget.bytes(count, of: Float.self)
  }

  /// The same values as floats.
  func floating(_ budget: ValueBudget) throws(GoogLeNetError) -> GraphConstant {
    if case .floats = values { return self }
    return try GraphConstant(dims: dims, count: count, of: Float.self, budget) { .floats(floats) }
  }

  /// The same values; of quantized ones as floats.
  func dequantized(_ budget: ValueBudget) throws(GoogLeNetError) -> GraphConstant {
    guard case .quantized = values else { return self }
    return try floating(budget)
  }

  /// With the axes in another order, which must be a permutation of them.
  func transposed(_ order: [Int], _ budget: ValueBudget) throws(GoogLeNetError) -> GraphConstant {
    let newDims = order.map { dims[$0] }
    if case .quantized(let values) = values {
      return try GraphConstant(dims: newDims, count: count, of: Int32.self, budget) {
        .quantized(values.transposed(dims, order))
      }
    }
    return try budget.lend(copiedBytes) { () throws(GoogLeNetError) in
      try GraphConstant(dims: newDims, count: count, of: Float.self, budget) { .floats(floats.transposed(dims, order)) }
    }
  }

  // MARK: - Tensors

  /// As a float32 tensor with the axes in another order, which must be a permutation of them.
  func tensor(order: [Int], _ budget: ValueBudget) throws(GoogLeNetError) -> Tensor {
    try budget.lend(2 * ValueBudget.bytes(count, of: Float.self)) { () throws(GoogLeNetError) in
      try Tensor(floats.transposed(dims, order), dims: order.map { dims[$0] }, budget)
    }
  }

  /// As a float32 tensor of other dimensions, whose product must be the number of values.
  func tensor(dims: [Int], _ budget: ValueBudget) throws(GoogLeNetError) -> Tensor {
    try budget.lend(copiedBytes) { () throws(GoogLeNetError) in try Tensor(floats, dims: dims, budget) }
  }

  /// As weights: in integers where they are quantized in a way that the model format has.
  func weights(_ node: some ForeignNode) throws(GoogLeNetError) -> Tensor {
    guard dims.checkedProduct != nil else { throw node.invalid("its weights of \(dims) are empty") }
    let budget = node.file.budget
    if case .quantized(let values) = values, let tensor = try values.tensor(dims, budget) { return tensor }
    return try tensor(dims: dims, budget)
  }
}
