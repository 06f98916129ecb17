import CKernels

/// One group of one convolution of a plan, as its kernel sees it.
enum ConvolutionPart {
  /// - shared: index of its shared memory in the memory plan, if it needs some.
  case float32(gln_f32_convolution, algorithm: ConvolutionAlgorithm, shared: Int?)
  case integer(gln_integer_convolution, algorithm: ConvolutionAlgorithm)

  var algorithm: ConvolutionAlgorithm {
    switch self {
    case .float32(_, let algorithm, _), .integer(_, let algorithm): algorithm
    }
  }
}

extension PlanSettings {
  /// The tile of a Winograd convolution; nil where it is none.
  func tile(of part: ConvolutionPart) -> WinogradTileSize? {
    var outputs: Int32 = 0
    var taps: Int32 = 0
    switch part {
    case .float32(var arguments, let algorithm, _): record(of: algorithm).tile?(&arguments, &outputs, &taps)
    case .integer(var arguments, let algorithm): integerRecord(of: algorithm).tile?(&arguments, &outputs, &taps)
    }
    return taps > 0 ? WinogradTileSize(outputs: Int(outputs), taps: Int(taps)) : nil
  }
}
