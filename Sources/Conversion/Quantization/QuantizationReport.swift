/// How a quantized network differs from the float32 one, measured on the held-out pictures.
public struct QuantizationReport: Sendable {
  public struct LayerReport: Sendable {
    public let name: String
    /// Of the layer's output against float32 in decibels, errors of earlier layers included; infinite where they are equal.
    public let signalToNoise: Double
    /// Of one image.
    public let multiplyAddCount: UInt64
    public let isFloat: Bool
  }

  /// The convolutions and inner products, in order.
  public let layers: [LayerReport]
  public let calibrationPictures: Int
  public let heldOutPictures: Int
  /// The share of the held-out pictures whose likeliest class is the same; nil where none were held out.
  public let agreement: Double?
  /// The mean total variation between the probabilities of both; nil where none were held out.
  public let totalVariation: Double?
  /// The share of the multiply-adds that stayed in float32.
  public let floatShare: Double
}
