/// A validated, immutable network: shared by sessions on any threads.
public final class Model {
  public let network: Network

  /// Validates a network made in memory.
  public init(network: Network) throws(GoogLeNetError) {
    self.network = network
  }

  /// Maps and validates a model file.
  public convenience init(path: String) throws(GoogLeNetError) {
    throw GoogLeNetError(.unsupported, "to be written")
  }

  /// The number of classes: the length of one row of probabilities.
  public var classCount: Int { 0 }

  /// The length of the feature vector before the classifier.
  public var featureCount: Int { 0 }

  /// "" where the model has no labels.
  public func label(_ index: Int) -> String { "" }

  public var precision: Precision { .float32 }
  public var parameterCount: UInt64 { 0 }

  /// For one image of the model's own input size.
  public var multiplyAddCount: UInt64 { 0 }

  /// What `info` prints of a layer.
  public struct LayerSummary {
    public let name: String
    public let kind: String
    public let shape: Shape
    public let parameterCount: UInt64
    public let multiplyAddCount: UInt64
  }

  /// For one image of the model's own input size, in order of execution.
  public var layerSummaries: [LayerSummary] { [] }
}
