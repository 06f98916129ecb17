import CForeignFormats
import GoogLeNet

/// Writes models as ONNX files.
///
/// Opset 13 with IR version 7 is what runtimes since 2021 read, and the first that rounds weights with a scale for each
/// channel. protobuf-c serializes what is small; the tensors go from where they lie into the file.
public enum ONNXExporter {
  public static let opset = 13
  public static let irVersion = 7

  /// Field numbers of ModelProto and GraphProto.
  private enum Field {
    static let graph: UInt64 = 7
    static let initializer: UInt64 = 5
  }

  /// Protobuf's own limit, which ONNX readers have.
  private static let sizeLimit = 1 << 31

  /// Writes a file that computes what the model does, its input as large as the model's own, for any number of images.
  /// An int8 model becomes one with QuantizeLinear and DequantizeLinear (QDQ). The same model gives the same bytes.
  /// - Returns: the size of the file.
  /// - Throws: `unsupported` where ONNX cannot express the model, with the layer's name, `ioError` that names the file.
  @discardableResult
  public static func write(_ model: Model, to file: OutputFile) throws(GoogLeNetError) -> Int {
    let parts = try Parts(model)
    let count = try file.write { (output) throws(GoogLeNetError) in
      try parts.emit { (bytes) throws(GoogLeNetError) in try output.write(bytes) }
    }
    withExtendedLifetime(model) {}
    return count
  }

  /// The bytes of an ONNX file; see `write`.
  public static func serialize(_ model: Model) throws(GoogLeNetError) -> [UInt8] {
    let parts = try Parts(model)
    var file: [UInt8] = []
    try parts.emit { (bytes) throws(GoogLeNetError) in file.append(contentsOf: bytes) }
    withExtendedLifetime(model) {}
    return file
  }

  /// A file as serialized messages and the constants that follow them.
  private struct Parts {
    /// ModelProto without its graph.
    let model: [UInt8]
    /// GraphProto without its constants.
    let graph: [UInt8]
    let initializers: [ONNXInitializer]

    init(_ model: Model) throws(GoogLeNetError) {
      let arena = MessageArena()
      let builder = try ONNXGraphBuilder(model, arena)
      initializers = builder.initializers
      let graph = try ONNXExporter.graph(model, builder, arena)
      let proto = try ONNXExporter.model(model, arena)
      self.graph = ONNXExporter.packed(graph, onnx__graph__get_packed_size, onnx__graph__pack)
      self.model = ONNXExporter.packed(proto, onnx__model__get_packed_size, onnx__model__pack)
      withExtendedLifetime(arena) {}
      guard graphSize + self.model.count < ONNXExporter.sizeLimit else {
        throw GoogLeNetError(
          .unsupported, "as ONNX the model has \(graphSize + self.model.count) bytes: ONNX files end at 2 GiB")
      }
    }

    private var graphSize: Int {
      initializers.reduce(graph.count) {
        $0 + ProtobufEncoding.prefix(Field.initializer, length: $1.size).count + $1.size
      }
    }

    func emit(to sink: (UnsafeRawBufferPointer) throws(GoogLeNetError) -> Void) throws(GoogLeNetError) {
      try model.withRawBytes(sink)
      try ProtobufEncoding.prefix(Field.graph, length: graphSize).withRawBytes(sink)
      try graph.withRawBytes(sink)
      for initializer in initializers {
        try ProtobufEncoding.prefix(Field.initializer, length: initializer.size).withRawBytes(sink)
        try initializer.emit(to: sink)
      }
    }
  }

  private static func packed<Message>(
    _ message: UnsafeMutablePointer<Message>, _ size: (UnsafePointer<Message>?) -> Int,
    _ pack: (UnsafePointer<Message>?, UnsafeMutablePointer<UInt8>?) -> Int
  ) -> [UInt8] {
    let count = size(message)
    return [UInt8](unsafeUninitializedCapacity: count) { bytes, initialized in
      initialized = pack(message, bytes.baseAddress)
    }
  }

  private static func model(_ model: Model, _ arena: MessageArena) throws(GoogLeNetError)
    -> UnsafeMutablePointer<Onnx__Model>
  {
    let proto = try arena.message(onnx__model__init)
    let metadata = ONNXMetadata(model.network)
    proto.pointee.has_ir_version = 1
    proto.pointee.ir_version = Int64(irVersion)
    proto.pointee.producer_name = try arena.copy("googlenet")
    proto.pointee.producer_version = try arena.copy("\(Version.text)")
    proto.pointee.doc_string = try arena.copy("Input '\(model.network.inputName)': \(metadata.description).")
    let identifier = try arena.message(onnx__operator_set_id__init)
    identifier.pointee.domain = try arena.copy("")
    identifier.pointee.has_version = 1
    identifier.pointee.version = Int64(opset)
    proto.pointee.n_opset_import = 1
    proto.pointee.opset_import = try arena.copy([identifier])
    let entries = metadata.entries
    proto.pointee.n_metadata_props = entries.count
    proto.pointee.metadata_props = try arena.allocate(
      entries.count, of: UnsafeMutablePointer<Onnx__StringStringEntry>?.self)
    for (index, entry) in entries.enumerated() {
      let message = try arena.message(onnx__string_string_entry__init)
      message.pointee.key = try arena.copy(entry.key)
      message.pointee.value = try arena.copy(entry.value)
      proto.pointee.metadata_props[index] = message
    }
    return proto
  }

  private static func graph(_ model: Model, _ builder: ONNXGraphBuilder, _ arena: MessageArena)
    throws(GoogLeNetError) -> UnsafeMutablePointer<Onnx__Graph>
  {
    let network = model.network
    let graph = try arena.message(onnx__graph__init)
    graph.pointee.name = try arena.copy(network.name.isEmpty ? "googlenet" : network.name)
    graph.pointee.n_node = builder.nodes.count
    graph.pointee.node = try arena.copy(builder.nodes)
    let preprocessing = network.preprocessing
    let image = [preprocessing.channelOrder.channels, preprocessing.inputHeight, preprocessing.inputWidth]
    graph.pointee.n_input = 1
    graph.pointee.input = try arena.copy([try value(network.inputName, image, arena)])
    graph.pointee.n_output = 1
    graph.pointee.output = try arena.copy([try value(network.layers.last?.name ?? "", [model.classCount], arena)])
    return graph
  }

  /// A float32 tensor for any number of images.
  private static func value(_ name: String, _ dims: [Int], _ arena: MessageArena) throws(GoogLeNetError)
    -> UnsafeMutablePointer<Onnx__ValueInfo>?
  {
    let shape = try arena.message(onnx__tensor_shape__init)
    shape.pointee.n_dim = dims.count + 1
    shape.pointee.dim = try arena.allocate(dims.count + 1, of: UnsafeMutablePointer<Onnx__Dimension>?.self)
    let batch = try arena.message(onnx__dimension__init)
    batch.pointee.dim_param = try arena.copy("N")
    shape.pointee.dim[0] = batch
    for (index, size) in dims.enumerated() {
      let dimension = try arena.message(onnx__dimension__init)
      dimension.pointee.has_dim_value = 1
      dimension.pointee.dim_value = Int64(size)
      shape.pointee.dim[index + 1] = dimension
    }
    let tensor = try arena.message(onnx__tensor_type__init)
    tensor.pointee.has_elem_type = 1
    tensor.pointee.elem_type = ONNXElementType.float32.rawValue
    tensor.pointee.shape = shape
    let type = try arena.message(onnx__type__init)
    type.pointee.tensor_type = tensor
    let info = try arena.message(onnx__value_info__init)
    info.pointee.name = try arena.copy(name)
    info.pointee.type = type
    return info
  }
}
