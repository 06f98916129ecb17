import GoogLeNet

/// Stores the weights of convolutions and inner products in another element type.
enum WeightEncoder {
  static func encode(_ layers: [Layer], as type: ElementType, _ budget: ValueBudget) throws(GoogLeNetError) -> [Layer] {
    guard type != .int16 else {
      throw GoogLeNetError(
        .invalidArgument, "weights cannot be rounded to int16, which is for those of quantized files")
    }
    var result = layers
    for (index, layer) in layers.enumerated() {
      guard let weights = layer.operation.weights, weights.elementType != type else { continue }
      result[index].operation.weights =
        type == .float32
        ? try Tensor(dims: weights.dims, count: weights.count, budget) { weights.copyFloats(into: $0.baseAddress) }
        : try budget.lend(ValueBudget.bytes(weights.count, of: Float.self)) { () throws(GoogLeNetError) in
          try encode(weights, as: type, layer: layer.name, budget)
        }
    }
    return result
  }

  private static func encode(_ weights: Tensor, as type: ElementType, layer: String, _ budget: ValueBudget)
    throws(GoogLeNetError) -> Tensor
  {
    let values = weights.floats()
    let block = try ChargedBlock(byteCount: values.count * type.size, budget)
    guard type == .int8 else {
      let halves = block.mutableBytes.bindMemory(to: UInt16.self)
      for (index, value) in values.enumerated() {
        let half = binary16(value)
        guard half & 0x7C00 != 0x7C00 else {
          throw GoogLeNetError(
            .unsupported, "layer '\(layer)' has a weight of \(value), beyond float16's 65504: store it as float32")
        }
        halves[index] = half
      }
      return Tensor(dims: weights.dims, elementType: .float16, bytes: block.bytes, owner: block)
    }
    let channels = weights.dims.first ?? 0
    let inner = values.count / max(channels, 1)
    let bytes = block.mutableBytes.bindMemory(to: Int8.self)
    var scales: [Float] = []
    for channel in 0..<channels {
      let range = channel * inner..<(channel + 1) * inner
      let largest = values[range].reduce(0) { max($0, abs($1)) }
      let scale = largest / 127
      // Values so small that the scale is zero or loses its precision are stored as zeros.
      let usable = scale >= Float.leastNormalMagnitude
      scales.append(usable ? scale : 1)
      for index in range where usable {
        bytes[index] = Int8(max(-127, min(127, (values[index] / scale).rounded(.toNearestOrEven))))
      }
    }
    return Tensor(dims: weights.dims, elementType: .int8, scales: scales, bytes: block.bytes, owner: block)
  }

  /// IEEE 754 binary32 to binary16, to nearest, ties to even.
  static func binary16(_ value: Float) -> UInt16 {
    let bits = value.bitPattern
    let sign = UInt16(bits >> 16) & 0x8000
    let magnitude = bits & 0x7FFF_FFFF
    if magnitude > 0x7F80_0000 { return sign | 0x7E00 }
    // 65520 and above round to infinity.
    if magnitude >= 0x477F_F000 { return sign | 0x7C00 }
    // 2^-14 and above are normal numbers: move the exponent, round the 13 bits that fall off.
    if magnitude >= 0x3880_0000 {
      return sign | UInt16((magnitude - 0x3800_0000 + 0xFFF + (magnitude >> 13 & 1)) >> 13)
    }
    // Subnormal: multiples of 2^-24.
    let scaled = Float(bitPattern: magnitude) * 0x1p24
    return sign | UInt16(scaled.rounded(.toNearestOrEven))
  }
}
