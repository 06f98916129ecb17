import GoogLeNet

/// A converted, validated network and what there is to say about it.
public struct ConversionResult {
  public let network: Network
  public let source: SourceFormat
  /// Which GoogLeNet it is, told by its layers: "BVLC GoogLeNet", "torchvision GoogLeNet" …, "unnamed" where it is
  /// another.
  public let variant: String
  /// What was assumed, left out or rewritten, one sentence each.
  public let notes: [String]
}
