/// One step of a fused graph.
struct GraphNode {
  enum Kind {
    case convolution(Convolution)
    /// Of bytes by integer weights.
    case integerConvolution(Convolution)
    case kernel(any NodeKernel)

    /// Whether its output may replace an input, where both are float32.
    var mayRunInPlace: Bool {
      if case .kernel(let it) = self { it.mayRunInPlace } else { false }
    }

    /// Whether scales and shifts can become part of it.
    var takesAffine: Bool {
      switch self {
      case .convolution: true
      case .integerConvolution: false
      case .kernel(let it): it.takesAffine
      }
    }

    /// Appends a scale and a shift a channel.
    /// - Returns: whether it can.
    mutating func append(_ affine: (scale: [Float], shift: [Float])) -> Bool {
      switch self {
      case .convolution(var it) where it.minimum == -.infinity:
        let both = ChannelAffine.compose(it.affine, affine)
        // Integers would hide what is not finite.
        guard both.scale.allSatisfy({ $0.isFinite }), both.shift.allSatisfy({ $0.isFinite }) else { return false }
        it.affine = both
        self = .convolution(it)
        return true
      case .convolution, .integerConvolution: return false
      case .kernel(let it): return replace(by: it.appending(affine))
      }
    }

    /// Raises what it gives to a lower bound.
    /// - Returns: whether it can.
    mutating func raise(to minimum: Float) -> Bool {
      switch self {
      case .convolution(var it):
        it.minimum = max(it.minimum, minimum)
        self = .convolution(it)
        return true
      case .integerConvolution: return false
      case .kernel(let it): return replace(by: it.raised(to: minimum))
      }
    }

    private mutating func replace(by kernel: (any NodeKernel)?) -> Bool {
      guard let kernel else { return false }
      self = .kernel(kernel)
      return true
    }

    /// What computes the same between stored integers; nil where nothing does.
    func integerForm(_ inputs: [ActivationEncoding], _ output: ActivationEncoding) -> Kind? {
      switch self {
      case .convolution(let it):
        guard case .u8 = inputs[0], it.isInteger, output == .float32 || it.minimum == 0 else { return nil }
        return .integerConvolution(it)
      case .integerConvolution: return nil
      case .kernel(let it): return it.integerForm(inputs, output).map { .kernel($0) }
      }
    }
  }

  /// The layer that it began with.
  let layer: Int
  /// Layers that it took over, in their order.
  private(set) var fused: [Int] = []
  private(set) var kind: Kind
  /// Values of the graph.
  let inputs: [Int]
  let output: Int

  init(layer: Int, fused: [Int] = [], kind: Kind, inputs: [Int], output: Int) {
    self.layer = layer
    self.fused = fused
    self.kind = kind
    self.inputs = inputs
    self.output = output
  }

  var convolution: Convolution? {
    switch kind {
    case .convolution(let it), .integerConvolution(let it): it
    case .kernel: nil
    }
  }

  /// Takes over the only layer that reads this node's output, if it can.
  mutating func fuse(_ layer: Int, _ operation: Operation, _ place: FusionPlace) -> Bool {
    guard operation.fuse(into: &kind, place) else { return false }
    fused.append(layer)
    return true
  }
}
