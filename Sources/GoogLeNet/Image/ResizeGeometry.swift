/// What a picture is resized to, and where the network's input is cut out of that.
struct ResizeGeometry: Equatable {
  let width: Int
  let height: Int
  let left: Int
  let top: Int

  /// - Parameters:
  ///   - picture: the sides of the picture as it is seen.
  ///   - shortSide: what the rule makes of the short side, at least as long as the sides of `crop`.
  ///   - crop: the sides of the network's input.
  init(
    _ rule: Preprocessing.ResizeRule, picture: (width: Int, height: Int), shortSide: Int,
    crop: (width: Int, height: Int)
  ) {
    let short = min(picture.width, picture.height)
    func resized(_ side: Int) -> Int {
      switch rule {
      // Python's round(): ties to even.
      case .shortSide, .shortSidePlain:
        Int((Double(side) * (Double(shortSide) / Double(short))).rounded(.toNearestOrEven))
      case .torchvision, .torchvisionPlain: shortSide * side / short
      case .square, .squarePlain: shortSide
      }
    }
    func offset(_ over: Int) -> Int {
      switch rule {
      case .shortSide, .shortSidePlain, .square, .squarePlain: over / 2
      // An odd number's half is rounded to the even one beside it.
      case .torchvision, .torchvisionPlain: (over + (over >> 1 & 1)) / 2
      }
    }
    width = max(resized(picture.width), crop.width)
    height = max(resized(picture.height), crop.height)
    left = offset(width - crop.width)
    top = offset(height - crop.height)
  }
}
