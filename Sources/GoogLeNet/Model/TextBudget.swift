/// Counts the bytes of a model's texts against what is allowed of one and of all.
struct TextBudget {
  /// How errors name the model.
  let source: String
  private var bytes = 0

  init(source: String) {
    self.source = source
  }

  /// - Parameters:
  ///   - count: the text's bytes.
  ///   - what: how an error calls it, completed by `index` where that is not negative, and by the name of its layer.
  ///   - limit: what is allowed of it.
  /// - Throws: `invalidModel` that says what was found and what is allowed.
  @inline(never)
  mutating func add(
    _ count: Int, _ what: StaticString, _ index: Int = -1, of layer: String = "", limit: Int = ModelLimits.textBytes
  ) throws(GoogLeNetError) {
    guard count <= limit else {
      throw GoogLeNetError(
        .invalidModel,
        "\(source): \(TextBudget.name(what, index, layer)) has \(count) bytes: at most \(limit) are supported")
    }
    bytes += count
    try ModelLimits.check(
      bytes, atMost: ModelLimits.allTextBytes, "bytes of names, labels and metadata", source: source)
  }

  @inline(never)
  static func name(_ what: StaticString, _ index: Int, _ layer: String = "") -> String {
    (index < 0 ? "\(what)" : "\(what) \(index)") + (layer.isEmpty ? "" : " of layer '\(layer)'")
  }
}
