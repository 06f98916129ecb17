/// A picture to calibrate with, cut to the network's input size.
public struct CalibrationPicture: Sendable {
  /// What errors call it.
  public let name: String
  /// Rows without gaps, 0 to 255: RGB, or gray where the network takes one channel.
  public let pixels: [UInt8]

  public init(name: String, pixels: [UInt8]) {
    self.name = name
    self.pixels = pixels
  }
}
