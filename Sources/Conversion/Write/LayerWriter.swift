import GoogLeNet

/// The message of a layer's operator that is being written.
struct LayerWriter: OperatorMessage {
  private let layer: String
  private(set) var message = MessageWriter()
  /// The tensors of all layers so far, in the order of their bytes in the weights field.
  private let tensors: WrittenTensors

  init(_ layer: String, after tensors: WrittenTensors) {
    self.layer = layer
    self.tensors = tensors
  }

  mutating func number(_ field: Int, _ name: StaticString, _ value: Int?) throws(GoogLeNetError) -> Int {
    let value = value ?? 0
    message.number(field, try ModelFileHeader.number(value, "layer '\(layer)': \(name)"))
    return value
  }

  mutating func choice(_ field: Int, _ value: UInt32?) throws(GoogLeNetError) -> UInt32 {
    message.number(field, value ?? 0)
    return value ?? 0
  }

  mutating func flag(_ field: Int, _ value: Bool?) throws(GoogLeNetError) -> Bool {
    message.number(field, value == true ? 1 : 0)
    return value == true
  }

  mutating func float(_ field: Int, _ value: Float?) throws(GoogLeNetError) -> Float {
    message.float(field, value ?? 0)
    return value ?? 0
  }

  mutating func tensor(_ field: Int, _ name: StaticString, _ value: Tensor?) throws(GoogLeNetError) -> Tensor? {
    guard let value else { return nil }
    var tensor = MessageWriter()
    var dims: [UInt32] = []
    for dim in value.dims { dims.append(try ModelFileHeader.number(dim, "layer '\(layer)': a dimension")) }
    tensor.numbers(1, dims)
    tensor.number(2, value.elementType.rawValue)
    tensor.floats(3, value.scales)
    tensor.number64(4, UInt64(tensors.append(value)))
    tensor.number64(5, UInt64(value.bytes.count))
    tensor.floats(6, value.inputScales)
    message.message(field, tensor.bytes)
    return value
  }

  func invalid(_ what: String) -> GoogLeNetError {
    GoogLeNetError(.invalidModel, "layer '\(layer)' \(what)")
  }
}
