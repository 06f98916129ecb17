/// Numbers of things for people.
enum Counted {
  /// "1 label", "3 labels".
  static func text(_ count: Int, _ singular: String, _ plural: String) -> String {
    "\(count) \(count == 1 ? singular : plural)"
  }
}
