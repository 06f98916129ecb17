/// How far a quantization has come.
public struct QuantizationProgress: Sendable {
  public enum Phase: String, CaseIterable, Sendable {
    /// Collecting the distributions of activations.
    case ranges
    /// Fitting weights, layer by layer.
    case weights
    /// Measuring which layers to keep in float32.
    case sensitivity
    /// Comparing with float32.
    case comparison
  }

  public let phase: Phase
  /// Steps of the phase that are done.
  public let done: Int
  public let total: Int
}
