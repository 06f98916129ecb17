import GoogLeNet

/// A constant of an ONNX graph: an initializer, or what a Constant node makes.
struct ONNXConstant {
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
  func transposed(_ order: [Int]) -> ONNXConstant {
    let source = floats
    var strides = [Int](repeating: 1, count: dims.count)
    for axis in dims.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * dims[axis + 1] }
    let newDims = order.map { dims[$0] }
    let newStrides = order.map { strides[$0] }
    var position = [Int](repeating: 0, count: dims.count)
    var result: [Float] = []
    result.reserveCapacity(source.count)
    var offset = 0
    for _ in source.indices {
      result.append(source[offset])
      for axis in newDims.indices.reversed() {
        position[axis] += 1
        offset += newStrides[axis]
        if position[axis] < newDims[axis] { break }
        offset -= newStrides[axis] * newDims[axis]
        position[axis] = 0
      }
    }
    return ONNXConstant(dims: newDims, values: .floats(result))
  }
}
