import CKernels

/// How the numbers of a quantized convolution become those of its kernel: the accumulator starts with the bias in units of input
/// scale × weight scale, and one multiplier an output channel brings it to the unit of the output.
struct IntegerConvolution {
  private let convolution: GraphNode.Convolution
  private let group: Int
  private let inputScale: Float
  private let outputScale: Float
  /// For a convolution of pixels.
  private let preprocessing: Preprocessing?

  init(
    _ convolution: GraphNode.Convolution, group: Int, input: ActivationEncoding, output: ActivationEncoding,
    preprocessing: Preprocessing?
  ) {
    self.convolution = convolution
    self.group = group
    self.preprocessing = preprocessing
    if let preprocessing {
      inputScale = convolution.pixelScale(preprocessing, 0)
    } else if case .u8(let scale) = input {
      inputScale = scale
    } else {
      inputScale = 1
    }
    switch output {
    case .float32: outputScale = 1
    case .u8(let scale), .u16(let scale): outputScale = scale
    }
  }

  /// Packs the group's weights.
  func pack(
    _ shape: gln_s8_convolution, _ record: gln_s8_convolution_algorithm, into packed: UnsafeMutableRawPointer
  ) {
    if convolution.weights.elementType == .int16 {
      pack(Int16.self, shape, record, into: packed)
    } else {
      pack(Int8.self, shape, record, into: packed)
    }
    convolution.dropPages()
  }

  private func pack<Weight: FixedWidthInteger & BitwiseCopyable>(
    _: Weight.Type, _ shape: gln_s8_convolution, _ record: gln_s8_convolution_algorithm,
    into packed: UnsafeMutableRawPointer
  ) {
    let outputs = convolution.outputChannels / convolution.groups
    let first = group * outputs
    let depth = convolution.depth
    let size = MemoryLayout<Weight>.size
    let stored = convolution.weights.bytes[first * depth * size..<(first + outputs) * depth * size]
    var weights = [Weight](unsafeUninitializedCapacity: outputs * depth) { buffer, count in
      UnsafeMutableRawBufferPointer(buffer).copyMemory(from: UnsafeRawBufferPointer(rebasing: stored))
      count = outputs * depth
    }
    let bias = convolution.bias?.floats()
    var sums = [Int32](repeating: 0, count: outputs)
    var multipliers = [Float](repeating: 0, count: outputs)
    for output in 0..<outputs {
      var unit = Double(inputScale) * Double(convolution.weights.scales[first + output])
      var value = Double(bias?[first + output] ?? 0)
      if let (scale, shift) = convolution.affine {
        unit *= Double(scale[first + output])
        value = value * Double(scale[first + output]) + Double(shift[first + output])
      }
      let rows = output * depth..<(output + 1) * depth
      guard unit != 0, unit.isFinite else {
        // Nothing of the input gets through: the output is the bias.
        for index in rows { weights[index] = 0 }
        sums[output] = 1
        multipliers[output] = Float(value / Double(outputScale))
        continue
      }
      var start = value / unit
      if let preprocessing { start -= meanSum(weights[rows], preprocessing) }
      let limit = startLimit(weights[rows])
      sums[output] = Int32(max(-limit, min(limit, start.rounded(.toNearestOrEven))))
      multipliers[output] = multiplier(first + output, unit: unit)
    }
    var shape = shape
    record.pack?(&shape, weights, sums, multipliers, packed)
  }

  /// The largest start value, of either sign, from which an accumulator stays within 32 bits whatever the inputs are.
  private func startLimit(_ weights: ArraySlice<some FixedWidthInteger>) -> Double {
    var reach = 0
    for weight in weights { reach += 255 * abs(Int(weight)) }
    return min(0x1p30, Double(Int(Int32.max) - reach))
  }

  /// From an output channel's accumulator to the unit of the output. Rounded after each step, as in XNNPACK, with which TFLite
  /// computes: of the sums near the middle between two outputs, another last bit would round some to the other one.
  private func multiplier(_ channel: Int, unit: Double) -> Float {
    let product = inputScale * convolution.weights.scales[channel] * (convolution.affine?.scale[channel] ?? 1)
    // Products that float32 cannot hold may still come to a multiplier that it can.
    return product.isNormal ? product / outputScale : Float(unit / Double(outputScale))
  }

  /// What the means of the channels add to the sum over pixels as they are.
  private func meanSum(_ weights: ArraySlice<some FixedWidthInteger>, _ preprocessing: Preprocessing) -> Double {
    let taps = convolution.kernelHeight * convolution.kernelWidth
    var sum = 0.0
    for (index, weight) in weights.enumerated() { sum += Double(weight) * Double(preprocessing.mean[index / taps]) }
    return sum
  }
}
