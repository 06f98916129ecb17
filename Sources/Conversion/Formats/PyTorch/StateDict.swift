import GoogLeNet

/// The tensors of a checkpoint by their keys, still in their file; of a script also how its convolutions pad.
struct StateDict {
  struct Entry {
    let dims: [Int]
    let elementType: NumberFormat
    /// The values as float32.
    let read: () throws(GoogLeNetError) -> Tensor
  }

  /// How many wrappers may lie around a network.
  private static let prefixLimit = 8

  private(set) var entries: [String: Entry] = [:]
  /// In the order of the file.
  private(set) var keys: [String] = []
  /// By the keys of convolutions without ".weight", where the file tells.
  var paddings: [String: Padding] = [:]

  mutating func add(_ key: String, _ entry: Entry) {
    if entries.updateValue(entry, forKey: key) == nil { keys.append(key) }
  }

  /// What wrappers for parallel training, compilation and training loops put before each key.
  private static let prefixes = ["module.", "_orig_mod.", "model.", "net.", "network.", "backbone.", "googlenet."]

  /// Without a prefix that all keys have, as wrappers add it.
  func strippingPrefixes() -> StateDict {
    var result = self
    for _ in 0..<StateDict.prefixLimit {
      guard
        let prefix = StateDict.prefixes.first(where: { prefix in
          !result.keys.isEmpty && result.keys.allSatisfy { $0.hasPrefix(prefix) }
        })
      else { break }
      var stripped = StateDict()
      for key in result.keys {
        if let entry = result.entries[key] { stripped.add(String(key.dropFirst(prefix.count)), entry) }
      }
      for (key, padding) in result.paddings where key.hasPrefix(prefix) {
        stripped.paddings[String(key.dropFirst(prefix.count))] = padding
      }
      result = stripped
    }
    return result
  }
}
