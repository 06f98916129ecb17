import GoogLeNet

extension Preprocessing.ResizeRule {
  /// To what pictures are resized, for people: "a short side of 256 pixels by the rule torchvision (bilinear, antialiased)".
  public func summary(shortSide: Int) -> String {
    let sides =
      switch self {
      case .shortSide, .shortSidePlain, .torchvision, .torchvisionPlain: "a short side of \(shortSide)"
      case .square, .squarePlain: "\(shortSide) x \(shortSide)"
      }
    return "\(sides) pixels by the rule \(name) (bilinear\(isAntialiased ? ", antialiased" : ""))"
  }
}
