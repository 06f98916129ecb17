import GoogLeNet

/// A network as the fields of a model file: everything but checksum, padding and weights, and where each tensor's bytes
/// go. The numbers of the fields are those of googlenet.proto.
struct ModelFileHeader {
  /// The serialized fields.
  let bytes: [UInt8]
  /// The tensors in the order of their bytes in the weights field.
  let tensors: [(offset: Int, bytes: UnsafeRawBufferPointer)]
  /// The length of the weights field.
  let weightsLength: Int

  static let alignment = 64

  init(_ network: Network) throws(GoogLeNetError) {
    try MetadataEntry.check(network.metadata, source: "the model")
    var model = MessageWriter()
    model.fixed64(Int(ModelMagic.field), ModelMagic.value)
    model.number(1, network.formatMajor)
    try model.text(3, network.name)
    try model.text(4, network.producer)
    model.message(5, try ModelFileHeader.bytes(of: network.preprocessing))
    try model.texts(6, network.labels)
    let tensors = WrittenTensors()
    for layer in network.layers { model.message(7, try ModelFileHeader.bytes(of: layer, tensors)) }
    try model.text(8, network.inputName)
    for entry in network.metadata { model.message(18, try ModelFileHeader.bytes(of: entry)) }
    bytes = model.bytes
    self.tensors = tensors.places
    weightsLength = tensors.length
  }

  static func aligned(_ offset: Int) -> Int { (offset + alignment - 1) & ~(alignment - 1) }

  static func number(_ value: Int, _ what: String) throws(GoogLeNetError) -> UInt32 {
    guard let number = UInt32(exactly: value) else {
      throw GoogLeNetError(.invalidModel, "\(what) is \(value), which a model file cannot hold")
    }
    return number
  }

  private static func bytes(of it: Preprocessing) throws(GoogLeNetError) -> [UInt8] {
    var message = MessageWriter()
    message.number(1, try number(it.inputHeight, "the input height"))
    message.number(2, try number(it.inputWidth, "the input width"))
    message.number(3, it.channelOrder.rawValue)
    message.floats(4, it.mean)
    message.floats(5, it.scale)
    message.number(6, try number(it.shortSide, "the short side"))
    message.number(7, it.resizeRule.rawValue)
    return message.bytes
  }

  private static func bytes(of entry: MetadataEntry) throws(GoogLeNetError) -> [UInt8] {
    var message = MessageWriter()
    try message.text(1, entry.key)
    try message.text(2, entry.value)
    return message.bytes
  }

  private static func bytes(of layer: Layer, _ tensors: WrittenTensors) throws(GoogLeNetError) -> [UInt8] {
    var message = MessageWriter()
    try message.text(1, layer.name)
    try message.texts(2, layer.inputs)
    message.float(3, layer.outputScale ?? 0)
    var operation = LayerWriter(layer.name, after: tensors)
    let field = try layer.operation.write(to: &operation)
    message.message(Int(field), operation.message.bytes)
    return message.bytes
  }
}
