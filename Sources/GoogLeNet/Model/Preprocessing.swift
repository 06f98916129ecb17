/// How a picture becomes the network's input.
public struct Preprocessing: Equatable, Sendable {
  public enum ChannelOrder: UInt32, Sendable {
    case rgb = 0
    case bgr = 1
    case gray = 2

    /// Channels of the network's input.
    public var channels: Int { self == .gray ? 1 : 3 }
  }

  public var inputHeight: Int
  public var inputWidth: Int
  public var channelOrder: ChannelOrder
  /// The network sees (pixel − mean) × scale, pixels 0 to 255, in its own channel order.
  public var mean: [Float]
  public var scale: [Float]
  /// The short side in pixels to which a picture is resized before the centre is cut out.
  public var shortSide: Int
  public var resizeRule: ResizeRule

  public init(
    inputHeight: Int, inputWidth: Int, channelOrder: ChannelOrder, mean: [Float], scale: [Float], shortSide: Int,
    resizeRule: ResizeRule = .shortSide
  ) {
    self.inputHeight = inputHeight
    self.inputWidth = inputWidth
    self.channelOrder = channelOrder
    self.mean = mean
    self.scale = scale
    self.shortSide = shortSide
    self.resizeRule = resizeRule
  }
}
