import GoogLeNet

/// A constant of an ONNX graph: an initializer, or what a Constant node makes.
struct ONNXConstant {
  enum Values {
    case floats([Float])
    case integers([Int])
    case stored(ONNXStoredIntegers)
    case quantized(ONNXQuantizedValues)
  }

  var dims: [Int]
  let values: Values
  /// nil where nothing needs to know it.
  let elementType: ONNXElementType?
  /// What the values take of the budget.
  private let charge: ValueCharge

  /// - Parameters:
  ///   - count: how many values there are.
  ///   - type: of the values that `make` makes; Never where they lie in the file.
  init<Value>(
    dims: [Int], elementType: ONNXElementType? = nil, count: Int, of type: Value.Type, _ budget: ValueBudget,
    _ make: () throws(GoogLeNetError) -> Values
  ) throws(GoogLeNetError) {
    self.dims = dims
    self.elementType = elementType
    charge = try budget.charge(type == Never.self ? 0 : ValueBudget.bytes(count, of: type))
    values = try make()
  }

  var floats: [Float] {
    switch values {
    case .floats(let values): values
    case .integers(let values): values.map(Float.init)
    case .stored(let values): (0..<values.count).map { Float(values[$0]) }
    case .quantized(let values): values.floats(dims)
    }
  }

  /// nil where the values are not whole numbers, or of 8 or 16 bits, which shapes and axes are not.
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

  /// Whether reading the values makes a copy of them.
  private var copies: Bool {
    if case .floats = values { return false }
    return true
  }

  /// The same values; of quantized ones as floats.
  func dequantized(_ budget: ValueBudget) throws(GoogLeNetError) -> ONNXConstant {
    guard case .quantized = values else { return self }
    return try floating(budget)
  }

  /// The same values as floats.
  func floating(_ budget: ValueBudget) throws(GoogLeNetError) -> ONNXConstant {
    guard copies else { return self }
    return try ONNXConstant(dims: dims, count: count, of: Float.self, budget) { .floats(floats) }
  }

  /// A float32 tensor of other dimensions, whose product must be the number of values.
  func tensor(dims: [Int], _ budget: ValueBudget) throws(GoogLeNetError) -> Tensor {
    try budget.lend(copies ? ValueBudget.bytes(count, of: Float.self) : 0) { () throws(GoogLeNetError) in
      try Tensor(floats, dims: dims, budget)
    }
  }

  /// With the axes in another order. `order` must be a permutation of them.
  func transposed(_ order: [Int], _ budget: ValueBudget) throws(GoogLeNetError) -> ONNXConstant {
    let newDims = order.map { dims[$0] }
    if case .quantized(let values) = values {
      return try ONNXConstant(dims: newDims, count: count, of: Int32.self, budget) {
        .quantized(values.transposed(dims, order))
      }
    }
    return try budget.lend(copies ? ValueBudget.bytes(count, of: Float.self) : 0) { () throws(GoogLeNetError) in
      try ONNXConstant(dims: newDims, count: count, of: Float.self, budget) {
        .floats(floats.transposed(dims, order))
      }
    }
  }
}
