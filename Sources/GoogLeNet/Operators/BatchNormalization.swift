/// An affine map a channel; see googlenet.proto for the formula. Without mean and variance it is Caffe's Scale layer.
public struct BatchNormalization {
  public var mean: Tensor?
  public var variance: Tensor?
  public var scale: Tensor?
  public var shift: Tensor?
  public var epsilon: Float = 0

  public init() {}

  /// Whether it leaves everything as it is, for it has no tensor.
  var isIdentity: Bool { mean == nil && variance == nil && scale == nil && shift == nil }

  /// The same as y = x * scale + shift, computed in double precision.
  public func affine(channels: Int) -> (scale: [Float], shift: [Float]) {
    affine(
      channels: channels, mean: mean?.floats(), variance: variance?.floats(), scale: scale?.floats(),
      shift: shift?.floats())
  }

  /// The same from the tensors' values.
  func affine(channels: Int, mean: [Float]?, variance: [Float]?, scale: [Float]?, shift: [Float]?) -> (
    scale: [Float], shift: [Float]
  ) {
    var scales = [Float](repeating: 1, count: channels)
    var shifts = [Float](repeating: 0, count: channels)
    for channel in 0..<channels {
      var factor = Double(scale?[channel] ?? 1)
      if let variance { factor /= (Double(variance[channel]) + Double(epsilon)).squareRoot() }
      scales[channel] = Float(factor)
      shifts[channel] = Float(Double(shift?[channel] ?? 0) - Double(mean?[channel] ?? 0) * factor)
    }
    return (scales, shifts)
  }
}

extension BatchNormalization: Operator {
  static let kind: StaticString = "BatchNormalization"
  static let fieldNumber: UInt64 = 19

  init(_ it: BatchNormalization?, in message: inout some OperatorMessage) throws(GoogLeNetError) {
    mean = try message.tensor(1, "mean", it?.mean)
    variance = try message.tensor(2, "variance", it?.variance)
    scale = try message.tensor(3, "scale", it?.scale)
    shift = try message.tensor(4, "shift", it?.shift)
    epsilon = try message.float(5, it?.epsilon)
  }

  func forEachTensor<Failure>(_ body: (StaticString, Tensor) throws(Failure) -> Void) throws(Failure) {
    if let mean { try body("mean", mean) }
    if let variance { try body("variance", variance) }
    if let scale { try body("scale", scale) }
    if let shift { try body("shift", shift) }
  }

  var traits: OperatorTraits {
    var traits = OperatorTraits(sign: .any)
    traits.normalization = self
    return traits
  }

  func shape(of inputs: [Shape], _ check: LayerCheck) throws(GoogLeNetError) -> Shape {
    guard (mean == nil) == (variance == nil) else { throw check.fault("mean and variance come only together") }
    guard epsilon.isFinite, epsilon >= 0 else { throw check.fault("epsilon must be at least 0") }
    try forEachTensor { (field, tensor) throws(GoogLeNetError) in
      try check.checkVector(tensor, field, inputs[0].channels)
    }
    return inputs[0]
  }

  func form(inputs: [Shape]) -> GraphForm {
    .node(.kernel(AffineKernel(isIdentity ? nil : affine(channels: inputs[0].channels))))
  }

  func fuse(into node: inout GraphNode.Kind, _ place: FusionPlace) -> Bool {
    isIdentity ? node.takesAffine : node.append(affine(channels: place.channels))
  }
}
