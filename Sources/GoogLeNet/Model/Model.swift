import CPlatform

/// A validated, immutable network: shared by sessions on any threads.
public final class Model {
  public let network: Network
  /// For each layer the indices of the layers that it reads; −1 is the network's input.
  let inputs: [[Int]]
  private let indices: [ByteText: Int]
  /// The shapes at the model's own input size.
  let shapes: [Shape]
  /// For each layer how its output is stored.
  public let encodings: [ActivationEncoding]
  /// The layer that gives the probabilities.
  var outputLayer: Int { network.layers.count - 1 }
  /// The layer whose output the softmax reads.
  let logitsLayer: Int
  /// The layer whose output the classifier reads; −1 is the network's input.
  let featureLayer: Int
  /// Bytes of tensors that validating it read.
  let valueBytes: Int
  private let summary: ModelSummary
  /// What the network is made to compute in.
  public let precision: Precision
  /// What its tensors lie in; nil for a network made in memory.
  let memory: MemoryBlock?
  /// Of the file that it was read from; 0 for a network made in memory.
  public var byteCount: Int { memory?.bytes.count ?? 0 }
  /// How errors name the model.
  let source: String

  fileprivate init(network: Network, memory: MemoryBlock?, source: String, valid: NetworkValidator.Result) {
    self.network = network
    self.memory = memory
    self.source = source
    inputs = valid.inputs
    indices = valid.indices
    shapes = valid.shapes
    encodings = valid.encodings
    valueBytes = valid.valueBytes
    precision = valid.encodings.contains { $0 != .float32 } ? .int8 : .float32
    logitsLayer = valid.inputs[valid.inputs.count - 1][0]
    featureLayer = Model.features(of: network, inputs: valid.inputs, from: logitsLayer)
    let preprocessing = network.preprocessing
    summary = ModelSummary(
      network,
      input: Shape(
        channels: preprocessing.channelOrder.channels, height: preprocessing.inputHeight,
        width: preprocessing.inputWidth), valid: valid)
  }

  /// Where the weights lie that plans read only while they pack them, in ascending order.
  fileprivate static func packedRanges(of network: Network) -> [UnsafeRawBufferPointer] {
    var ranges: [UnsafeRawBufferPointer] = []
    for layer in network.layers {
      if let weights = layer.operation.traits.weights { ranges.append(weights.bytes) }
    }
    return AscendingOrder.indices(of: ranges.map { Int64(Int(bitPattern: $0.baseAddress)) }).map { ranges[$0] }
  }

  /// Follows the chain back from the logits through what has no weights to the classifier, and takes its input.
  private static func features(of network: Network, inputs: [[Int]], from logits: Int) -> Int {
    var index = logits
    while index >= 0 {
      let operation = network.layers[index].operation
      if operation.traits.weights != nil { return inputs[index][0] }
      if operation.inputCounts.upperBound > 1 { return index }
      index = inputs[index][0]
    }
    return index
  }

  /// The index of a named layer.
  func index(of name: String) throws(GoogLeNetError) -> Int {
    guard let index = indices[ByteText(name)] else { throw noLayer(name) }
    return index
  }

  /// The index of the layer whose name has these bytes; nil where there is none. Takes no memory.
  func index(of name: UnsafeRawBufferPointer) -> Int? {
    for index in network.layers.indices {
      let text = network.layers[index].name.utf8
      if text.count == name.count, text.elementsEqual(name) { return index }
    }
    return nil
  }

  /// The error that says that there is no such layer.
  func noLayer(_ name: String) -> GoogLeNetError {
    GoogLeNetError(.notFound, "\(source) has no layer '\(name)'; 'googlenet info' lists its layers")
  }

  func shapes(height: Int, width: Int) throws(GoogLeNetError) -> [Shape] {
    do throws(GoogLeNetError) {
      return try ShapeInference(source: source).shapes(of: network, inputs: inputs, input: inputShape(height, width))
    } catch {
      // The model is valid at its own size, so it is the other size that does not fit.
      guard error.status == .invalidModel else { throw error }
      throw GoogLeNetError(.unsupported, "\(error.message); the input is \(height) x \(width)")
    }
  }

  func inputShape(_ height: Int, _ width: Int) -> Shape {
    Shape(channels: network.preprocessing.channelOrder.channels, height: height, width: width)
  }

  /// The number of classes: the length of one row of probabilities.
  public var classCount: Int { shapes[shapes.count - 1].channels }

  /// The length of the feature vector before the classifier, at the model's own input size.
  public var featureCount: Int {
    featureLayer < 0
      ? ownInputShape.count
      : shapes[featureLayer].count
  }

  /// "" where the model has no labels.
  public func label(_ index: Int) -> String {
    network.labels.indices.contains(index) ? network.labels[index] : ""
  }

  /// The number of trained values.
  public var parameterCount: UInt64 { summary.parameterCount }

  /// For one image of the model's own input size.
  public var multiplyAddCount: UInt64 { summary.multiplyAddCount }

  /// A measure of the time that the network takes, for one image of the model's own input size: the multiply-adds of
  /// convolutions and inner products, outputs times window of pooling and of normalization, and the outputs of all other layers.
  public var workCount: UInt64 { summary.workCount }

  /// For one image of the model's own input size.
  /// - Parameter index: a valid index into `network.layers`.
  public func layerSummary(_ index: Int) -> LayerSummary {
    let producer = inputs[index][0]
    return LayerSummary(
      network.layers[index], read: producer < 0 ? ownInputShape : shapes[producer], made: shapes[index])
  }

  private var ownInputShape: Shape {
    inputShape(network.preprocessing.inputHeight, network.preprocessing.inputWidth)
  }
}

extension Model: AllocatedLast {}

extension AllocatedLast where Self == Model {
  /// Validates a network made in memory.
  public init(network: Network) throws(GoogLeNetError) {
    try self.init(network: network, memory: nil, source: "the model")
  }

  /// Maps and validates a model file, whose bytes must stay unchanged while the model lives.
  /// - Parameters:
  ///   - path: as `PathText` has it.
  ///   - readingStreams: as with `MappedFile`.
  public init(path: String, readingStreams: Bool = false) throws(GoogLeNetError) {
    try self.init(
      memory: try MappedFile(path: path, readingStreams: readingStreams), source: "'\(PathText.visible(path))'")
  }

  /// Copies a model file into memory and validates it. Its weights leave memory once sessions have packed them: they are not to be
  /// read from `network`.
  public init(copying path: String) throws(GoogLeNetError) {
    try self.init(memory: try CopiedFile(path: path), source: "'\(PathText.visible(path))'")
  }

  /// Validates a model file in memory, which `memory` keeps alive.
  public init(memory: MemoryBlock, source: String = "the model in memory") throws(GoogLeNetError) {
    let network = try ModelReader.read(memory, source: source)
    try self.init(network: network, memory: memory, source: source)
    memory.leave(Model.packedRanges(of: network))
    try Allocation.check()
  }

  private init(network: Network, memory: MemoryBlock?, source: String) throws(GoogLeNetError) {
    var validator = NetworkValidator(source: source)
    let valid = try validator.validate(network)
    try Allocation.check()
    self = Model(network: network, memory: memory, source: source, valid: valid)
  }
}
