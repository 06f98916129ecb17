import GoogLeNet

/// The metadata of a converted network: what its trained file says, and what was asked for instead or besides.
struct KeptMetadata {
  private(set) var entries: [MetadataEntry] = []
  /// Of the trained file's, the keys of those that no model file can hold.
  private var leftOut: [String] = []
  /// As bytes: other letters may look the same to `String`.
  private var keys: Set<[UInt8]> = []
  /// How many bytes of it a model file has room for.
  private var room: Int

  /// - Parameters:
  ///   - network: what is written with it.
  ///   - options: `synsets` and `metadata` go before what the file says.
  /// - Throws: `invalidArgument` where no model file can hold what was asked for.
  init(
    _ imported: [MetadataEntry], for network: Network, _ options: ConversionOptions
  ) throws(GoogLeNetError) {
    do {
      try MetadataEntry.check(options.metadata, source: "the metadata asked for")
    } catch {
      throw GoogLeNetError(.invalidArgument, error.message)
    }
    room = ModelLimits.allTextBytes - KeptMetadata.textBytes(of: network)
    for entry in options.metadata { room -= entry.key.utf8.count + entry.value.utf8.count }
    let asked = Set(options.metadata.map { [UInt8]($0.key.utf8) })
    if let synsets = options.synsets, !synsets.isEmpty, !asked.contains([UInt8](MetadataKey.synsets.utf8)) {
      add(MetadataEntry(key: MetadataKey.synsets, value: synsets.joined(separator: "\n")), besides: asked.count)
    }
    for entry in imported {
      let kept = MetadataEntry(key: MetadataKey.key(for: entry.key), value: entry.value)
      if !asked.contains([UInt8](kept.key.utf8)) { add(kept, besides: asked.count) }
    }
    entries += options.metadata.filter { !$0.value.isEmpty }
  }

  /// What there is to say about it.
  var notes: [String] {
    guard !leftOut.isEmpty else { return [] }
    let names = leftOut.prefix(3).map { "'\($0.prefix(100))'" }.joined(separator: ", ")
    return [
      "left out metadata that a model file cannot hold: \(names)\(leftOut.count > 3 ? " and \(leftOut.count - 3) more" : "") "
        + "(keys of 1 to \(ModelLimits.metadataKeyBytes) bytes, values of at most \(ModelLimits.metadataValueBytes), "
        + "\(ModelLimits.metadata) of them)"
    ]
  }

  /// The first of a key counts.
  private mutating func add(_ entry: MetadataEntry, besides asked: Int) {
    guard !entry.value.isEmpty, keys.insert([UInt8](entry.key.utf8)).inserted else { return }
    let bytes = entry.key.utf8.count + entry.value.utf8.count
    guard 1...ModelLimits.metadataKeyBytes ~= entry.key.utf8.count,
      entry.value.utf8.count <= ModelLimits.metadataValueBytes, bytes <= room,
      entries.count + asked < ModelLimits.metadata, !entry.key.utf8.contains(0), !entry.value.utf8.contains(0)
    else {
      leftOut.append(entry.key)
      return
    }
    room -= bytes
    entries.append(entry)
  }

  private static func textBytes(of network: Network) -> Int {
    var bytes = network.name.utf8.count + network.producer.utf8.count + network.inputName.utf8.count
    for label in network.labels { bytes += label.utf8.count }
    for layer in network.layers { bytes += layer.inputs.reduce(layer.name.utf8.count) { $0 + $1.utf8.count } }
    return bytes
  }
}
