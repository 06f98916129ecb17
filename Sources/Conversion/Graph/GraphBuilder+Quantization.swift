import GoogLeNet

/// Activations that the file stores as integers.
extension GraphBuilder {
  /// An activation rounded to integers. Where these hold nothing below 0, a ReLU stands for that.
  mutating func quantized(_ node: some ForeignNode, _ input: GraphActivation, _ quantization: GraphQuantization)
    throws(GoogLeNetError) -> GraphActivation
  {
    var result = input
    if hasLayer(input.layer) {
      if quantization.clampsAtZero, !isNonNegative(input) { result = try clamped(node, input) }
      quantizations[result.layer] = quantization.ofPositives
    }
    result.quantization = quantization
    return result
  }

  private mutating func clamped(_ node: some ForeignNode, _ input: GraphActivation) throws(GoogLeNetError)
    -> GraphActivation
  {
    var result: GraphActivation
    if let known = clamped[input.layer] {
      result = known
    } else {
      result = try add(node, .relu, [input])
      clamped[input.layer] = result
    }
    result.axes = input.axes
    return result
  }

  /// What a quantized activation stands for.
  /// - Parameters:
  ///   - name: how errors call the input.
  ///   - scales: must be those by which it was quantized.
  func dequantized(_ node: some ForeignNode, _ input: GraphActivation, _ name: String, _ scales: GraphScales)
    throws(GoogLeNetError) -> GraphActivation
  {
    guard let quantization = input.quantization else {
      throw node.unsupported("it reads '\(name)', which no QuantizeLinear made")
    }
    guard scales.scales == [quantization.scale], scales.zeroPoints == [quantization.zeroPoint] else {
      throw node.unsupported(
        "its scale \(scales.scales[0]) and zero point \(scales.zeroPoints[0]) are not those of the QuantizeLinear before it "
          + "(\(quantization.scale) and \(quantization.zeroPoint))")
    }
    var result = input
    result.quantization = nil
    return result
  }
}
