import GoogLeNet

/// What a TFLite model says for people: its description, and what the TFLite Support Library's metadata says.
enum TFLiteMetadata {
  /// The texts of a ModelMetadata by their fields.
  private static let fields: [(field: Int, key: String)] = [
    (0, "name"), (1, MetadataKey.description), (2, "version"), (4, "author"), (5, MetadataKey.licence),
  ]

  /// None where they are damaged: the network is not.
  /// - Parameter model: the file's outermost table.
  static func texts(of model: FlatTable) -> [MetadataEntry] { (try? found(in: model)) ?? [] }

  private static func found(in model: FlatTable) throws(GoogLeNetError) -> [MetadataEntry] {
    var entries: [MetadataEntry] = []
    for index in 0..<(try model.tableCount(6)) {
      let part = try model.table(6, at: index, "metadata")
      guard try part.text(0) == "TFLITE_METADATA" else { continue }
      guard let bytes = try model.table(4, at: try part.number(1, UInt32.self), "buffer").bytes(0) else { continue }
      let file = InputFile(name: model.file.name, folder: nil, bytes: bytes, budget: model.file.budget)
      let table = try FlatTable(root: file)
      for (field, key) in fields { entries.append(MetadataEntry(key: key, value: try table.text(field))) }
      break
    }
    entries.append(MetadataEntry(key: MetadataKey.description, value: try model.text(3)))
    return entries
  }
}
