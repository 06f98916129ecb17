import GoogLeNet

/// QuantizeLinear and DequantizeLinear.
extension ONNXImporter {
  /// Scales and zero points, and the format of the integers where the zero points say it.
  private func scales(_ it: Operands) throws(GoogLeNetError) -> (scales: GraphScales, format: NumberFormat?) {
    let node = it.node
    guard node.int("block_size", 0) == 0 else {
      throw node.unsupported("scales a block (block_size) are not supported")
    }
    guard let scale = try it.optionalConstant(1), scale.count > 0 else { throw node.invalid("it has no scale") }
    guard scale.count <= 65536 else { throw node.unsupported("it has \(scale.count) scales: at most 65536 are read") }
    let scales = scale.floats, axis = node.int("axis", 1)
    if let scale = scales.first(where: { !($0 > 0 && $0.isNormal) }) {
      throw node.invalid("its scale is \(scale): a normal number above 0 is needed")
    }
    guard let constant = try it.optionalConstant(2) else {
      return (
        GraphScales(scales: scales, zeroPoints: [Int](repeating: 0, count: scales.count), axis: axis), nil
      )
    }
    let isOneForEach = constant.isWhole && constant.count == scales.count
    let zeroPoints = isOneForEach ? scales.indices.map(constant.whole) : []
    guard isOneForEach, zeroPoints.allSatisfy({ -32768...65535 ~= $0 }) else {
      throw node.invalid("its zero points are not \(scales.count) integers of 8 or 16 bits, as its scales need")
    }
    return (GraphScales(scales: scales, zeroPoints: zeroPoints, axis: axis), constant.format)
  }

  mutating func quantizeLinear(_ it: Operands) throws(GoogLeNetError) -> GraphValue {
    let node = it.node
    let (scales, zeroPointFormat) = try scales(it)
    let declared = node.int("output_dtype", 0)
    let format =
      zeroPointFormat ?? (declared == 0 ? .uint8 : ONNXElementType(rawValue: Int32(clamping: declared))?.format)
    guard let format, let range = format.quantizedRange, scales.zeroPoints.allSatisfy(range.contains) else {
      throw node.unsupported("it does not quantize to integers of 8 or 16 bits")
    }
    if case .constant(let constant) = try it.value(0) {
      return .constant(try scales.quantized(node, constant, format, range))
    }
    let input = try it.activation()
    guard scales.scales.count == 1 else {
      throw node.unsupported("it quantizes an image with \(scales.scales.count) scales, not one")
    }
    return .activation(
      try builder.quantized(
        node, input,
        GraphQuantization(scale: scales.scales[0], zeroPoint: scales.zeroPoints[0], range: range)))
  }

  func dequantizeLinear(_ it: Operands) throws(GoogLeNetError) -> GraphValue {
    let scales = try scales(it).scales
    switch try it.value(0) {
    case .constant(let constant): return .constant(try scales.dequantized(it.node, constant))
    case .activation(let activation):
      return .activation(try builder.dequantized(it.node, activation, it.node.inputs[0], scales))
    default: throw it.node.unsupported("it reads one channel of the network's input")
    }
  }
}
