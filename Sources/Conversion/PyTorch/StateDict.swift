import GoogLeNet

/// The tensors of a checkpoint by their keys, still in their file.
struct StateDict {
  struct Entry {
    let dims: [Int]
    let elementType: TorchElementType
    /// The values as float32, outermost dimension first.
    let read: () throws(GoogLeNetError) -> [Float]
  }

  private(set) var entries: [String: Entry] = [:]
  /// In the order of the file.
  private(set) var keys: [String] = []

  mutating func add(_ key: String, _ entry: Entry) {
    if entries.updateValue(entry, forKey: key) == nil { keys.append(key) }
  }

  /// Without a prefix that all keys have, as wrappers for parallel training or compilation add it.
  func strippingPrefixes() -> StateDict {
    for prefix in ["module.", "_orig_mod."] where !keys.isEmpty && keys.allSatisfy({ $0.hasPrefix(prefix) }) {
      var result = StateDict()
      for key in keys {
        if let entry = entries[key] { result.add(String(key.dropFirst(prefix.count)), entry) }
      }
      return result.strippingPrefixes()
    }
    return self
  }
}
