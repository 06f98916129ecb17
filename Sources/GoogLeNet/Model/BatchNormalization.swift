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
