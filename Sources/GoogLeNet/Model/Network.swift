/// A trained network as data: what a model file holds. Importers build one, the writer stores it, `Model` validates and runs it.
public struct Network {
  public var name: String
  public var producer: String
  public var preprocessing: Preprocessing
  /// None, or one a class.
  public var labels: [String]
  /// What layers call the network's input.
  public var inputName: String
  /// In topological order; the last one gives the output.
  public var layers: [Layer]
  /// In the order of the file; no two have the same key.
  public var metadata: [MetadataEntry]

  public init(
    name: String, producer: String, preprocessing: Preprocessing, labels: [String], inputName: String, layers: [Layer],
    metadata: [MetadataEntry] = []
  ) {
    self.name = name
    self.producer = producer
    self.preprocessing = preprocessing
    self.labels = labels
    self.inputName = inputName
    self.layers = layers
    self.metadata = metadata
  }
}

extension Network {
  /// The major version of model files that say all of it.
  public var formatMajor: UInt32 {
    layers.reduce(preprocessing.resizeRule.formatMajor) { max($0, $1.operation.traits.formatMajor) }
  }
}
