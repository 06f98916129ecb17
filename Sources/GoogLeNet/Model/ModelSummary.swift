/// What describes a model's size, for one image of its own input size. Sums that 64 bits cannot hold are the largest number.
struct ModelSummary {
  private(set) var parameterCount: UInt64 = 0
  private(set) var multiplyAddCount: UInt64 = 0
  private(set) var workCount: UInt64 = 0

  /// - Parameters:
  ///   - input: the shape of the network's input.
  ///   - valid: what was found of the network.
  init(_ network: Network, input: Shape, valid: NetworkValidator.Result) {
    for index in network.layers.indices {
      let producer = valid.inputs[index][0]
      let summary = Model.LayerSummary(
        network.layers[index], read: producer < 0 ? input : valid.shapes[producer], made: valid.shapes[index])
      parameterCount = parameterCount.adding(summary.parameterCount)
      multiplyAddCount = multiplyAddCount.adding(summary.multiplyAddCount)
      workCount = workCount.adding(summary.workCount)
    }
  }
}

extension Model {
  /// What `info` prints of a layer.
  public struct LayerSummary {
    public let name: String
    public let kind: StaticString
    public let shape: Shape
    public let parameterCount: UInt64
    public let multiplyAddCount: UInt64
    /// Of `Model.workCount`.
    public let workCount: UInt64

    /// - Parameters:
    ///   - input: the shape of what it reads first.
    ///   - shape: of its output.
    init(_ layer: Layer, read input: Shape, made shape: Shape) {
      name = layer.name
      kind = layer.operation.kind
      self.shape = shape
      parameterCount = layer.operation.parameterCount
      let work = layer.operation.work(input: input, inputCount: layer.inputs.count, output: shape)
      multiplyAddCount = work.multiplyAdds
      workCount = work.steps
    }
  }
}
