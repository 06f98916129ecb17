/// One layer of a network: an operation on the outputs of earlier layers.
public struct Layer {
  /// Unique in its network; it also names the layer's output.
  public var name: String
  /// Names of earlier layers, or the network's `inputName`.
  public var inputs: [String]
  public var operation: Operation

  public init(name: String, inputs: [String], operation: Operation) {
    self.name = name
    self.inputs = inputs
    self.operation = operation
  }
}
