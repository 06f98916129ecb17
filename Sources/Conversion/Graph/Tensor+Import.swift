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

extension Array {
  /// The values of an array of `dims` with its axes in another order, which must be a permutation of them.
  func transposed(_ dims: [Int], _ order: [Int]) -> [Element] {
    var strides = [Int](repeating: 1, count: dims.count)
    for axis in dims.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * dims[axis + 1] }
    let newDims = order.map { dims[$0] }
    let newStrides = order.map { strides[$0] }
    var position = [Int](repeating: 0, count: dims.count)
    var result: [Element] = []
    result.reserveCapacity(count)
    var offset = 0
    for _ in indices {
      result.append(self[offset])
      for axis in newDims.indices.reversed() {
        position[axis] += 1
        offset += newStrides[axis]
        if position[axis] < newDims[axis] { break }
        offset -= newStrides[axis] * newDims[axis]
        position[axis] = 0
      }
    }
    return result
  }
}

extension Tensor {
  /// A float32 tensor with its own copy of `values`, counted against a budget.
  convenience init(_ values: [Float], dims: [Int], _ budget: ValueBudget) throws(GoogLeNetError) {
    try self.init(dims: dims, count: values.count, budget) { _ = $0.initialize(from: values) }
  }

  /// A float32 tensor whose values `fill` writes, counted against a budget before they are. The product of `dims` must be
  /// `count`.
  convenience init(dims: [Int], count: Int, _ budget: ValueBudget, fill: (UnsafeMutableBufferPointer<Float>) -> Void)
    throws(GoogLeNetError)
  {
    let block = try ChargedBlock(byteCount: ValueBudget.bytes(count, of: Float.self), budget)
    fill(block.mutableBytes.bindMemory(to: Float.self))
    self.init(dims: dims, elementType: .float32, bytes: block.bytes, owner: block)
  }

  /// Weights that are integers with one scale an index along the first dimension: in 8 bits where these hold them all, else in 16;
  /// nil where those do not hold them either.
  static func integers<Integer: FixedWidthInteger>(
    _ values: [Integer], scales: [Float], dims: [Int], _ budget: ValueBudget
  ) throws(GoogLeNetError) -> Tensor? {
    let least = values.min() ?? 0, most = values.max() ?? 0
    let range = ElementType.int16Range
    guard range.contains(Int16(clamping: least)), range.contains(Int16(clamping: most)) else { return nil }
    let isWide = Int8(exactly: least) == nil || Int8(exactly: most) == nil
    let type = isWide ? ElementType.int16 : .int8
    let block = try ChargedBlock(byteCount: values.count * type.size, budget)
    if isWide {
      let words = block.mutableBytes.bindMemory(to: Int16.self)
      for (index, value) in values.enumerated() { words[index] = Int16(truncatingIfNeeded: value) }
    } else {
      let bytes = block.mutableBytes.bindMemory(to: Int8.self)
      for (index, value) in values.enumerated() { bytes[index] = Int8(truncatingIfNeeded: value) }
    }
    return Tensor(dims: dims, elementType: type, scales: scales, bytes: block.bytes, owner: block)
  }

  /// A matrix with rows and columns exchanged. The tensor must have two dimensions.
  func transposed(_ budget: ValueBudget) throws(GoogLeNetError) -> Tensor {
    try reordered(as: dims, [1, 0], to: [dims[1], dims[0]], budget)
  }

  /// The values of an array of `shape` with its axes in another order, as a float32 tensor of `dims`.
  func reordered(as shape: [Int], _ order: [Int], to dims: [Int], _ budget: ValueBudget) throws(GoogLeNetError)
    -> Tensor
  {
    try budget.lend(2 * (ValueBudget.bytes(count, of: Float.self))) { () throws(GoogLeNetError) in
      try Tensor(floats().transposed(shape, order), dims: dims, budget)
    }
  }
}
