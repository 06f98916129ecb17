import GoogLeNet

/// A constant of an ONNX graph: an initializer, or what a Constant node makes.
struct ONNXConstant {
  enum Values {
    case floats([Float])
    case integers([Int])
    case quantized(ONNXQuantizedValues)
  }

  var dims: [Int]
  let values: Values
  /// nil where nothing needs to know it.
  var elementType: ONNXElementType?

  var floats: [Float] {
    switch values {
    case .floats(let values): values
    case .integers(let values): values.map(Float.init)
    case .quantized(let values): values.floats(dims)
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
    case .quantized(let values): values.integers.count
    }
  }

  /// The same values; of quantized ones as floats.
  var dequantized: ONNXConstant {
    if case .quantized = values { return ONNXConstant(dims: dims, values: .floats(floats)) }
    return self
  }

  /// With the axes in another order. `order` must be a permutation of them.
  func transposed(_ order: [Int]) -> ONNXConstant {
    let newDims = order.map { dims[$0] }
    if case .quantized(let values) = values {
      return ONNXConstant(dims: newDims, values: .quantized(values.transposed(dims, order)))
    }
    return ONNXConstant(dims: newDims, values: .floats(floats.transposed(dims, order)))
  }
}
