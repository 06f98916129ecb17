/// One step of a fused graph.
struct GraphNode {
  /// A convolution, or an inner product as a convolution whose kernel covers its whole input.
  struct Convolution {
    /// (output channels, input channels / groups, kernel height, kernel width), whatever dims the tensor itself has.
    let weights: Tensor
    let bias: Tensor?
    let inputChannels: Int
    let outputChannels: Int
    let kernelHeight: Int
    let kernelWidth: Int
    var strideHeight = 1
    var strideWidth = 1
    var padding = Padding()
    var dilationHeight = 1
    var dilationWidth = 1
    var groups = 1
    /// Applied after the bias, before the lower bound: folded into the weights when they are packed.
    var affine: (scale: [Float], shift: [Float])?
    var minimum = -Float.infinity

    /// Values that one output value is summed over.
    var depth: Int { inputChannels / groups * kernelHeight * kernelWidth }

    /// Whether it can be computed in integers. Beyond the depths 32-bit sums could overflow; that of 16 bits leaves half to the bias.
    /// In float32 what is folded in and not finite shows in the outputs, which integers would hide.
    var isInteger: Bool {
      if let (scale, shift) = affine, !(scale.allSatisfy { $0.isFinite } && shift.allSatisfy { $0.isFinite }) {
        return false
      }
      return switch weights.elementType {
      case .int8: depth <= 50_000
      case .int16: depth <= 16_512
      case .float32, .float16: false
      }
    }

    /// Whether it can read pixels as they are: normalization must be one factor for all channels, besides the means.
    func canReadPixels(_ preprocessing: Preprocessing) -> Bool {
      guard isInteger, groups == 1 else { return false }
      for channel in preprocessing.scale.indices
      where !(abs(pixelScale(preprocessing, channel) / pixelScale(preprocessing, 0) - 1) < 1e-5) {
        return false
      }
      return true
    }

    /// What one step of a pixel's channel means to the integer weights.
    func pixelScale(_ preprocessing: Preprocessing, _ channel: Int) -> Float {
      preprocessing.scale[channel] * (weights.inputScales.isEmpty ? 1 : weights.inputScales[channel])
    }
  }

  struct Affine {
    var scale: [Float]?
    var shift: [Float]?
    var minimum = -Float.infinity

    /// Whether it leaves values that are not negative as they are.
    var isIdentity: Bool { scale == nil && shift == nil && minimum <= 0 }
  }

  enum Kind {
    case convolution(Convolution)
    /// Of bytes by integer weights.
    case integerConvolution(Convolution)
    case pooling(Pooling)
    case normalization(LocalResponseNormalization)
    case affine(Affine)
    case softmax
    /// From float32 to bytes, and back.
    case quantize(scale: Float)
    case dequantize(scale: Float)

    /// Whether its output may replace its input, where both are float32.
    var mayRunInPlace: Bool {
      if case .normalization = self { true } else { false }
    }
  }

  /// The layer that it began with.
  let layer: Int
  /// Layers that it took over, in their order.
  private(set) var fused: [Int] = []
  private(set) var kind: Kind
  /// Values of the graph.
  let input: Int
  let output: Int

  /// The node of a layer that is not fused. `dropout` and `concat` need none: a copy stands for them.
  static func kind(of operation: Operation, input: Shape) -> Kind {
    switch operation {
    case .convolution(let it):
      var node = Convolution(
        weights: it.weights, bias: it.bias, inputChannels: input.channels, outputChannels: it.outputChannels,
        kernelHeight: it.kernelHeight, kernelWidth: it.kernelWidth)
      node.strideHeight = it.strideHeight
      node.strideWidth = it.strideWidth
      node.padding = it.padding
      node.dilationHeight = it.dilationHeight
      node.dilationWidth = it.dilationWidth
      node.groups = it.groups
      return .convolution(node)
    case .innerProduct(let it):
      return .convolution(
        Convolution(
          weights: it.weights, bias: it.bias, inputChannels: input.channels, outputChannels: it.weights.dims[0],
          kernelHeight: input.height, kernelWidth: input.width))
    case .pooling(let it):
      guard it.global else { return .pooling(it) }
      var whole = Pooling(it.method)
      whole.kernelHeight = input.height
      whole.kernelWidth = input.width
      return .pooling(whole)
    case .localResponseNormalization(let it): return .normalization(it)
    case .batchNormalization(let it):
      if it.isIdentity { return .affine(Affine()) }
      let (scale, shift) = it.affine(channels: input.channels)
      return .affine(Affine(scale: scale, shift: shift))
    case .relu: return .affine(Affine(minimum: 0))
    case .softmax: return .softmax
    case .dropout, .concat: return .affine(Affine())
    }
  }

  init(layer: Int, fused: [Int] = [], kind: Kind, input: Int, output: Int) {
    self.layer = layer
    self.fused = fused
    self.kind = kind
    self.input = input
    self.output = output
  }

  var convolution: Convolution? {
    switch kind {
    case .convolution(let it), .integerConvolution(let it): it
    default: nil
    }
  }

  /// Takes over the only layer that reads this node's output, if it can.
  mutating func fuse(_ layer: Int, _ operation: Operation, channels: Int) -> Bool {
    switch (kind, operation) {
    case (.convolution(var node), .relu):
      node.minimum = 0
      kind = .convolution(node)
    case (.affine(var node), .relu):
      node.minimum = 0
      kind = .affine(node)
    case (.convolution, .batchNormalization(let it)) where it.isIdentity,
      (.affine, .batchNormalization(let it)) where it.isIdentity:
      break
    case (.convolution(var node), .batchNormalization(let it)) where node.minimum == -.infinity:
      node.affine = ChannelAffine.compose(node.affine, it.affine(channels: channels))
      kind = .convolution(node)
    case (.affine(var node), .batchNormalization(let it)) where node.minimum == -.infinity:
      let first = (
        scale: node.scale ?? [Float](repeating: 1, count: channels),
        shift: node.shift ?? [Float](repeating: 0, count: channels)
      )
      let both = ChannelAffine.compose(first, it.affine(channels: channels))
      node.scale = both.scale
      node.shift = both.shift
      kind = .affine(node)
    default: return false
    }
    fused.append(layer)
    return true
  }
}
