/// Sorts by numbers, for whatever they are of: the standard library's sort is copied for each type and comparison, and is large.
enum AscendingOrder {
  /// The indices of `keys` from the least key to the largest, equal ones in their order.
  @inline(never)
  static func indices(of keys: [Int64]) -> [Int] {
    keys.indices.sorted { (left: Int, right: Int) in
      keys[left] != keys[right] ? keys[left] < keys[right] : left < right
    }
  }
}
