/// A text that a model file keeps under a key, for people and for hosts: the engine reads none.
public struct MetadataEntry: Equatable, Sendable {
  public var key: String
  public var value: String

  public init(key: String, value: String) {
    self.key = key
    self.value = value
  }

  /// Checks what a model file can hold.
  /// - Parameter source: how errors begin.
  /// - Throws: `invalidModel` that says what was found and what is allowed.
  public static func check(_ entries: [MetadataEntry], source: String) throws(GoogLeNetError) {
    var texts = TextBudget(source: source)
    try check(entries, &texts)
  }

  /// - Parameter texts: counts the other texts of the model, too.
  static func check(_ entries: [MetadataEntry], _ texts: inout TextBudget) throws(GoogLeNetError) {
    let source = texts.source
    try ModelLimits.check(entries.count, atMost: ModelLimits.metadata, "metadata entries", source: source)
    var places: [ByteText: Int] = [:]
    for (index, entry) in entries.enumerated() {
      guard !entry.key.isEmpty else {
        throw GoogLeNetError(
          .invalidModel, "\(source): \(TextBudget.name(keyName, index)) is empty: it needs 1 byte or more")
      }
      try texts.add(entry.key.utf8.count, keyName, index, limit: ModelLimits.metadataKeyBytes)
      try texts.add(entry.value.utf8.count, valueName, index, limit: ModelLimits.metadataValueBytes)
      guard places.updateValue(index, forKey: ByteText(entry.key)) == nil else {
        throw GoogLeNetError(.invalidModel, "\(source): the metadata key '\(entry.key)' is there twice")
      }
    }
  }

  static let keyName: StaticString = "the key of metadata entry"
  static let valueName: StaticString = "the value of metadata entry"
}
