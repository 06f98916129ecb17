import GoogLeNet

/// A convolution that was given another padding than its file says, because its branch could not be joined with others.
public struct PaddingFix {
  /// As the file calls it.
  public let layer: String
  public let kernelHeight: Int
  public let kernelWidth: Int
  public let original: Padding
  public let fitting: Padding

  /// "5 x 5 convolution 'inception_3a/5x5'"
  public var subject: String { "\(kernelHeight) x \(kernelWidth) convolution '\(layer)'" }
}

extension Padding {
  /// "1", or the four sides where they differ.
  public var text: String {
    top == left && top == bottom && top == right
      ? "\(top)" : "\(top), \(left), \(bottom), \(right) (top, left, bottom, right)"
  }
}
