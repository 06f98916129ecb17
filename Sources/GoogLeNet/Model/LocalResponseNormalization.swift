/// Local response normalization across channels; see googlenet.proto for the formula.
public struct LocalResponseNormalization: Sendable {
  /// Channels in the window; odd.
  public var size: Int
  public var alpha: Float
  public var beta: Float
  public var k: Float
  public var alphaPerElement: Bool

  public init(size: Int, alpha: Float, beta: Float, k: Float, alphaPerElement: Bool) {
    self.size = size
    self.alpha = alpha
    self.beta = beta
    self.k = k
    self.alphaPerElement = alphaPerElement
  }

  /// The factor of one square.
  var alphaOfElement: Float { alphaPerElement ? alpha : alpha / Float(size) }
}
