import GoogLeNet

/// The elementwise operations of two values of a foreign graph.
enum GraphArithmetic {
  case add
  case subtract
  case multiply
  case divide

  /// An image and a constant with one value for all or one a channel, as a scale and shift.
  /// - Parameter isReversed: the constant is the first of the two.
  func affine(_ input: GraphActivation, _ constant: GraphConstant, isReversed: Bool, _ node: some ForeignNode)
    throws(GoogLeNetError) -> BatchNormalization
  {
    // Broadcasting aligns the last axes: one of them may differ from 1, and it must be the channels.
    let lead = constant.dims.count - input.axes.count
    guard lead <= 0 || constant.dims.prefix(lead).allSatisfy({ $0 == 1 }) else {
      throw node.unsupported("the constant has more dimensions than the image")
    }
    let channels = input.shape.channels
    if constant.count != 1 {
      let wide = constant.dims.indices.filter { constant.dims[$0] != 1 }
      guard wide.count == 1, input.isChannel(input.axis(wide[0] - constant.dims.count)), constant.count == channels
      else {
        throw node.unsupported(
          "a constant of \(constant.dims) is neither one value nor one for each of \(channels) channels")
      }
    }
    let budget = node.file.budget
    let numbers = constant.floats
    let values = numbers.count == 1 ? [Float](repeating: numbers[0], count: channels) : numbers
    guard values.count == channels else { throw node.invalid("the constant is empty") }
    var affine = BatchNormalization()
    switch (self, isReversed) {
    case (.add, _): affine.shift = try Tensor(values, dims: [channels], budget)
    case (.multiply, _): affine.scale = try Tensor(values, dims: [channels], budget)
    case (.subtract, false): affine.shift = try Tensor(values.map { -$0 }, dims: [channels], budget)
    case (.subtract, true):
      affine.scale = try Tensor(values.map { _ in -1 }, dims: [channels], budget)
      affine.shift = try Tensor(values, dims: [channels], budget)
    case (.divide, false): affine.scale = try Tensor(values.map { 1 / $0 }, dims: [channels], budget)
    case (.divide, true): throw node.unsupported("a constant divided by an image is not supported")
    }
    return affine
  }

  /// A channel of the input and a number.
  /// - Parameter isReversed: the number is the first of the two.
  func applied(to channel: GraphInputChannel, _ constant: GraphConstant, isReversed: Bool, _ node: some ForeignNode)
    throws(GoogLeNetError) -> GraphInputChannel
  {
    guard constant.count == 1, constant.dims.count <= 4, let first = constant.floats.first else {
      throw node.unsupported("only a channel of the input and one number can be combined")
    }
    let number = Double(first)
    var result = channel
    switch (self, isReversed) {
    case (.add, _): result.shift += number
    case (.subtract, false): result.shift -= number
    case (.multiply, _): (result.scale, result.shift) = (result.scale * number, result.shift * number)
    case (.divide, false): (result.scale, result.shift) = (result.scale / number, result.shift / number)
    default: throw node.unsupported("a number less or divided by a channel of the input is not supported")
    }
    return result
  }

  /// Two constants, one of which has one value or both the same number of them.
  func folded(_ left: GraphConstant, _ right: GraphConstant, _ node: some ForeignNode) throws(GoogLeNetError)
    -> GraphConstant
  {
    let isLeft = left.count > right.count || left.count == right.count && left.dims.count >= right.dims.count
    let dims = isLeft ? left.dims : right.dims
    let count = max(left.count, right.count)
    func stretched(_ constant: GraphConstant) -> [Float] {
      constant.count == 1 ? [Float](repeating: constant.floats[0], count: count) : constant.floats
    }
    // Of equal counts all dimensions but ones must be equal too: (1, 1, C) and (C), not (2, 3) and (3, 2).
    guard left.count == 1 || right.count == 1 || left.dims.filter({ $0 != 1 }) == right.dims.filter({ $0 != 1 }),
      count > 0
    else {
      throw node.unsupported("it combines constants of \(left.dims) and \(right.dims)")
    }
    let budget = node.file.budget
    if let left = left.integers, let right = right.integers {
      let optionals = 2 * ValueBudget.bytes(count, of: Int.self)
      return try budget.lend(optionals) { () throws(GoogLeNetError) in
        let values = (0..<count).map { integer(left[left.count == 1 ? 0 : $0], right[right.count == 1 ? 0 : $0]) }
        guard !values.contains(nil) else { throw node.invalid("it overflows or divides by zero") }
        return try GraphConstant(dims: dims, count: count, of: Int.self, budget) { .integers(values.compactMap { $0 }) }
      }
    }
    // Either side may have to be stretched, or made of whole numbers.
    return try budget.lend(2 * ValueBudget.bytes(count, of: Float.self)) { () throws(GoogLeNetError) in
      try GraphConstant(dims: dims, count: count, of: Float.self, budget) {
        .floats(zip(stretched(left), stretched(right)).map(float))
      }
    }
  }

  private func float(_ left: Float, _ right: Float) -> Float {
    switch self {
    case .add: left + right
    case .subtract: left - right
    case .multiply: left * right
    case .divide: left / right
    }
  }

  private func integer(_ left: Int, _ right: Int) -> Int? {
    let (value, overflow) =
      switch self {
      case .add: left.addingReportingOverflow(right)
      case .subtract: left.subtractingReportingOverflow(right)
      case .multiply: left.multipliedReportingOverflow(by: right)
      case .divide: left.dividedReportingOverflow(by: right)
      }
    return overflow ? nil : value
  }
}
