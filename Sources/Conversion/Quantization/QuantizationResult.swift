import GoogLeNet

/// A validated int8 network and how it compares with the float32 one.
public struct QuantizationResult {
  public let network: Network
  public let report: QuantizationReport
}
