/// The shapes of all layers for an input of a given size. Reads no trained value, for it also runs whenever a session is made.
public struct ShapeInference {
  /// How errors name the model.
  let source: String

  public init(source: String) {
    self.source = source
  }

  /// - Parameter inputs: for each layer the indices of the layers that it reads; −1 is the network's input.
  /// - Throws: `invalidModel` or, for an input that the layers cannot take, `unsupported`.
  func shapes(of network: Network, inputs: [[Int]], input: Shape) throws(GoogLeNetError) -> [Shape] {
    var shapes: [Shape] = []
    shapes.reserveCapacity(network.layers.count)
    for (index, layer) in network.layers.enumerated() {
      var read: [Shape] = []
      read.reserveCapacity(inputs[index].count)
      for producer in inputs[index] { read.append(producer < 0 ? input : shapes[producer]) }
      let shape = try self.shape(of: layer, read)
      guard shape.channels <= NetworkValidator.channelLimit, shape.height * shape.width <= NetworkValidator.pixelLimit
      else {
        let check = LayerCheck(source: source, layer: layer.name)
        throw check.fault("its output of \(check.text(shape)) is too large")
      }
      shapes.append(shape)
    }
    return shapes
  }

  /// The shape of one layer's output.
  public func shape(of layer: Layer, _ inputs: [Shape]) throws(GoogLeNetError) -> Shape {
    let check = LayerCheck(source: source, layer: layer.name)
    let counts = layer.operation.inputCounts
    guard !inputs.isEmpty else { throw check.fault("it has no input") }
    guard counts.contains(inputs.count) else {
      throw check.fault(
        counts.upperBound == 1
          ? "it has \(inputs.count) inputs instead of one"
          : "it has \(inputs.count) inputs instead of \(counts.lowerBound) or more")
    }
    return try layer.operation.shape(of: inputs, check)
  }
}
