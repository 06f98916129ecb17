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
  /// Weights that are integers with one scale an index along the first dimension: in 8 bits where these hold them all, else in 16;
  /// nil where those do not hold them either.
  static func integers<Integer: FixedWidthInteger>(_ values: [Integer], scales: [Float], dims: [Int])
    throws(GoogLeNetError) -> Tensor?
  {
    let least = values.min() ?? 0, most = values.max() ?? 0
    let range = ElementType.int16Range
    guard range.contains(Int16(clamping: least)), range.contains(Int16(clamping: most)) else { return nil }
    let isWide = Int8(exactly: least) == nil || Int8(exactly: most) == nil
    let type = isWide ? ElementType.int16 : .int8
    guard let block = HeapBlock(byteCount: values.count * type.size) else {
      throw GoogLeNetError(.outOfMemory, "no memory for weights of \(dims)")
    }
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
  func transposed() throws(GoogLeNetError) -> Tensor {
    try Tensor(floats().transposed(dims, [1, 0]), dims: [dims[1], dims[0]])
  }
}
