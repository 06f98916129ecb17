/// One layer of a network: an operation on the outputs of earlier layers.
public struct Layer {
  /// Unique in its network; it also names the layer's output.
  public var name: String
  /// Names of earlier layers, or the network's `inputName`.
  public var inputs: [String]
  public var operation: Operation
  /// The unit in which an int8 model stores the output as unsigned integers (see `output_scale` in googlenet.proto, and
  /// `Model.encodings` for the layers that inherit it); nil for float32.
  public var outputScale: Float?

  public init(name: String, inputs: [String], operation: Operation, outputScale: Float? = nil) {
    self.name = name
    self.inputs = inputs
    self.operation = operation
    self.outputScale = outputScale
  }
}
