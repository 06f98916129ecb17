/// A picture, or a part of it, as a network is to see it.
public struct View {
  /// Of a picture as it is seen, in pixels.
  public struct Box: Equatable, Sendable {
    public let left: Int
    public let top: Int
    public let width: Int
    public let height: Int

    public init(left: Int, top: Int, width: Int, height: Int) {
      self.left = left
      self.top = top
      self.width = width
      self.height = height
    }
  }

  public let picture: Picture
  public let box: Box
  /// Whether left and right of the network's input change places.
  public let isMirrored: Bool
  public let fit: Fit
  /// How many pixels of the network's input, on each side, show what lies around the box.
  public let context: Int

  /// - Parameters:
  ///   - box: within the picture; nil for all of it.
  ///   - context: 0 with the fit `model`; a session takes less than half of its input's sides.
  public init(
    _ picture: Picture, box: Box? = nil, isMirrored: Bool = false, fit: Fit = .model, context: Int = 0
  ) throws(GoogLeNetError) {
    let (width, height) = (picture.seenWidth, picture.seenHeight)
    let whole = Box(left: 0, top: 0, width: width, height: height)
    self.picture = picture
    self.box = box ?? whole
    self.isMirrored = isMirrored
    self.fit = fit
    self.context = context
    if let box {
      guard 0..<width ~= box.left, 0..<height ~= box.top, 1...width - box.left ~= box.width,
        1...height - box.top ~= box.height
      else {
        throw GoogLeNetError(
          .invalidArgument,
          "left, top, width and height are \(box.left), \(box.top), \(box.width) and \(box.height): a box must lie within the "
            + "picture, which is seen with \(width) x \(height) pixels, and hold some of them")
      }
    }
    guard context >= 0, fit != .model || context == 0 else {
      throw GoogLeNetError(
        .invalidArgument, "context is \(context): it must be 0 with GLN_FIT_MODEL, and not negative with other fits")
    }
  }
}
