/// The keys of metadata that have a meaning. Others are kept as the trained file or the user calls them.
public enum MetadataKey {
  /// Of the weights.
  public static let licence = "licence"
  /// Where the weights come from.
  public static let source = "source"
  /// As measured, in whatever words.
  public static let accuracy = "accuracy"
  /// The WordNet ids of the classes, one a line.
  public static let synsets = "synsets"
  public static let description = "description"
  /// The program that wrote the trained file.
  public static let sourceProducer = "source_producer"

  /// The key for what a trained file calls `name`.
  static func key(for name: String) -> String {
    let lower = name.lowercased()
    switch lower {
    case "license", "model_license": return licence
    case licence, source, accuracy, synsets, description: return lower
    default: return name
    }
  }
}
