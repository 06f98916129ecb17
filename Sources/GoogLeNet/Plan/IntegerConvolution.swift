import CKernels

/// How the numbers of a quantized convolution become those of its kernel: the accumulator starts with the bias in units of input
/// scale × weight scale, and one multiplier an output channel brings it to the unit of the output.
struct IntegerConvolution {
  private let convolution: GraphNode.Convolution
  private let inputScale: Float
  private let outputScale: Float
  /// For a convolution of pixels.
  private let preprocessing: Preprocessing?

  init(
    _ convolution: GraphNode.Convolution, input: ActivationEncoding, output: ActivationEncoding,
    preprocessing: Preprocessing?
  ) {
    self.convolution = convolution
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

  /// Packs the weights: the groups one after another, each aligned.
  /// - Parameters:
  ///   - shape: of one group.
  ///   - workspace: `integerWorkspaceBytes`.
  func pack(
    _ shape: gln_integer_convolution, _ record: gln_integer_convolution_algorithm, into packed: UnsafeMutableRawPointer,
    _ workspace: UnsafeMutableRawPointer
  ) {
    if convolution.weights.elementType == .int16 {
      pack(Int16.self, shape, record, into: packed, workspace)
    } else {
      pack(Int8.self, shape, record, into: packed, workspace)
    }
    convolution.dropPages()
  }

  @_optimize(speed)
  private func pack<Weight: FixedWidthInteger & BitwiseCopyable>(
    _: Weight.Type, _ shape: gln_integer_convolution, _ record: gln_integer_convolution_algorithm,
    into packed: UnsafeMutableRawPointer, _ workspace: UnsafeMutableRawPointer
  ) {
    var shape = shape
    let step = WeightPacker.aligned(record.packed_size?(&shape) ?? 0)
    let outputs = convolution.groupOutputs
    let count = outputs * convolution.depth
    let sums = workspace.assumingMemoryBound(to: Int32.self)
    let multipliers = UnsafeMutableRawPointer(sums + outputs).assumingMemoryBound(to: Float.self)
    let bias = multipliers + outputs
    let weights = UnsafeMutableRawPointer(bias + outputs).assumingMemoryBound(to: Weight.self)
    for group in 0..<convolution.groups {
      let rows = group * outputs..<(group + 1) * outputs
      let size = MemoryLayout<Weight>.size
      if let start = convolution.weights.bytes.baseAddress {
        UnsafeMutableRawPointer(weights).copyMemory(
          from: start + rows.lowerBound * convolution.depth * size, byteCount: count * size)
      }
      if let stored = convolution.bias {
        stored.copyFloats(rows: rows, into: bias)
      } else {
        bias.update(repeating: 0, count: outputs)
      }
      for output in 0..<outputs {
        start(
          rows.lowerBound + output, bias[output],
          UnsafeMutableBufferPointer(start: weights + output * convolution.depth, count: convolution.depth),
          sum: sums + output, multiplier: multipliers + output)
      }
      record.pack?(&shape, weights, sums, multipliers, packed + group * step)
    }
  }

  /// What an output channel's accumulator starts with, and its multiplier.
  @_optimize(speed)
  private func start<Weight: FixedWidthInteger>(
    _ channel: Int, _ bias: Float, _ weights: UnsafeMutableBufferPointer<Weight>, sum: UnsafeMutablePointer<Int32>,
    multiplier: UnsafeMutablePointer<Float>
  ) {
    var unit = Double(inputScale) * Double(convolution.weights.scales[channel])
    var value = Double(bias)
    if let (scale, shift) = convolution.affine {
      unit *= Double(scale[channel])
      value = value * Double(scale[channel]) + Double(shift[channel])
    }
    guard unit != 0, unit.isFinite else {
      // Nothing of the input gets through: the output is the bias.
      weights.update(repeating: 0)
      sum.pointee = 1
      multiplier.pointee = Float(value / Double(outputScale))
      return
    }
    var start = value / unit
    if let preprocessing { start -= meanSum(weights, preprocessing) }
    let limit = startLimit(weights)
    guard abs(start) > limit else {
      sum.pointee = Int32(start.rounded(.toNearestOrEven))
      multiplier.pointee = self.multiplier(channel, unit: unit)
      return
    }
    // In a larger unit the bias fits; beside it, what the weights lose is little.
    let factor = abs(start) / limit
    for index in weights.indices {
      weights[index] = Weight((Double(weights[index]) / factor).rounded(.toNearestOrEven))
    }
    sum.pointee = Int32(start < 0 ? -limit : limit)
    multiplier.pointee = Float(unit * factor / Double(outputScale))
  }

  /// The largest start value, of either sign, from which an accumulator stays within 32 bits whatever the inputs are.
  @_optimize(speed)
  private func startLimit(_ weights: UnsafeMutableBufferPointer<some FixedWidthInteger>) -> Double {
    var reach: Int64 = 0
    for weight in weights { reach += 255 * abs(Int64(weight)) }
    return min(0x1p30, Double(Int64(Int32.max) - reach))
  }

  /// From an output channel's accumulator to the unit of the output. Rounded after each step, as in XNNPACK, with which TFLite
  /// computes: of the sums near the middle between two outputs, another last bit would round some to the other one.
  private func multiplier(_ channel: Int, unit: Double) -> Float {
    let product = inputScale * convolution.weights.scales[channel] * (convolution.affine?.scale[channel] ?? 1)
    // Products that float32 cannot hold may still come to a multiplier that it can.
    return product.isNormal ? product / outputScale : Float(unit / Double(outputScale))
  }

  /// What the means of the channels add to the sum over pixels as they are.
  @_optimize(speed)
  private func meanSum(_ weights: UnsafeMutableBufferPointer<some FixedWidthInteger>, _ preprocessing: Preprocessing)
    -> Double
  {
    let taps = convolution.kernelHeight * convolution.kernelWidth
    var sum = 0.0
    for (index, weight) in weights.enumerated() { sum += Double(weight) * Double(preprocessing.mean[index / taps]) }
    return sum
  }
}
