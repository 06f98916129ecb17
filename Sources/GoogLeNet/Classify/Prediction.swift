/// One class of a classified picture.
public struct Prediction: Sendable {
  public let classIndex: Int
  /// 0 to 1.
  public let probability: Float
}
