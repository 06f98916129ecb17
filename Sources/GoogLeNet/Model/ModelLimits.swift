/// How large a model may be in what costs memory or time beyond its bytes.
public enum ModelLimits {
  static let layers = 10_000
  public static let labels = 1 << 16
  /// Of all layers together.
  static let inputs = 1 << 16
  /// Of all convolutions together.
  static let groups = 1 << 14
  /// Of one name or label, so that messages which quote it stay small.
  static let textBytes = 4096
  /// Of the model's, its layers' and its classes' names, of what layers call their inputs and of metadata.
  public static let allTextBytes = 4 << 20
  /// Entries.
  public static let metadata = 1024
  public static let metadataKeyBytes = 256
  public static let metadataValueBytes = 64 << 10
  /// Of pictures, in pixels, and so of what they may be resized to.
  static let pictureSide = 65_535
  /// Of a file, outside of weights and padding.
  static let headerBytes = 16 << 20

  /// - Throws: `invalidModel` that says what was found and what is allowed.
  @inline(__always)
  static func check(_ found: Int, atMost limit: Int, _ what: StaticString, source: String) throws(GoogLeNetError) {
    if found > limit { throw excess(found, limit, what, source) }
  }

  @inline(never)
  private static func excess(_ found: Int, _ limit: Int, _ what: StaticString, _ source: String) -> GoogLeNetError {
    GoogLeNetError(.invalidModel, "\(source): \(found) \(what): at most \(limit) are supported")
  }
}
