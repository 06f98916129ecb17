import GoogLeNet

/// A converted, validated network and what there is to say about it.
public struct ConversionResult {
  public let network: Network
  public let source: SourceFormat
  /// Which GoogLeNet it is, told by its layers: "BVLC GoogLeNet", "torchvision GoogLeNet" …, "unnamed" where it is
  /// another.
  public let variant: String
  /// Why the network's preprocessing is taken to be right: whose convention it is, or that it was asked for.
  public let preprocessingReason: String
  /// What the trained network itself did to its input first, which is part of the preprocessing now.
  let inputNormalization: ChannelAffine?
  /// Convolutions that were given another padding than their file says; none unless that was asked for.
  public let paddingFixes: [PaddingFix]
  /// What was assumed, left out or rewritten, one sentence each.
  public let notes: [String]
  /// What was read for it: the trained file and those that it refers to.
  let files: Set<StoredFile.Identity>
}
