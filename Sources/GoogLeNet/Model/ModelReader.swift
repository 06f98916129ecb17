/// Turns the bytes of a model file into a `Network`. Checks the format; what the layers say is checked by `NetworkValidator`.
///
/// Messages are read in place, so that a file costs in proportion to its bytes. A repeated number or text counts as the last one
/// says, as in all of protobuf; a message that may be there once is refused where it is repeated.
struct ModelReader {
  /// The newest major format version that this reader understands.
  static let formatMajor: UInt64 = 3
  /// More means or scales than any preprocessing has.
  private static let channelLimit = 8

  /// How errors name the model: "'path'" or "the model in memory".
  private let source: String
  private let owner: MemoryBlock
  private let tensors: TensorReader
  /// The layers' names so far that are too long to lie in a string itself, so that those who read a layer share its name's memory,
  /// each with the layer's index.
  private var longNames: [ByteText: Int] = [:]
  private var texts: TextBudget
  private var inputCount = 0

  private init(source: String, owner: MemoryBlock, weights: UnsafeRawBufferPointer) {
    self.source = source
    self.owner = owner
    tensors = TensorReader(source: source, owner: owner, weights: weights)
    texts = TextBudget(source: source)
  }

  /// - Parameter owner: keeps the bytes alive as long as any tensor of the network.
  static func read(_ owner: MemoryBlock, source: String) throws(GoogLeNetError) -> Network {
    guard owner.bytes.count > 0 else { throw GoogLeNetError(.invalidModel, "\(source) is empty: not a model file") }
    let layout: ModelFileLayout
    do throws(GoogLeNetError) {
      layout = try ModelFileLayout(owner.bytes, source: source, owner: owner)
    } catch {
      throw ForeignFormat.error(owner.bytes, source: source) ?? error
    }
    // Only files with a checksum are ours: others' first field is their own.
    guard let checksum = layout.checksum else {
      throw ForeignFormat.error(owner.bytes, source: source)
        ?? GoogLeNetError(
          .invalidModel,
          layout.formatMajor == nil && !ModelMagic.begins(owner.bytes)
            ? "\(source) is not a model file (it has no format version): convert trained weights with 'googlenet convert'"
            : "\(ModelFileLayout.damaged(source)): it has no checksum: truncated? Copy it again, or convert the trained file anew"
        )
    }
    guard let major = layout.formatMajor, major > 0 else {
      throw ModelFileLayout.message(owner.bytes, source: source).malformed("it has no format version")
    }
    guard major <= formatMajor else {
      throw GoogLeNetError(
        .unsupportedVersion,
        "\(source) has format version \(major), this library reads up to \(formatMajor): a newer libgooglenet is needed"
      )
    }
    guard checksum == layout.digest else {
      throw GoogLeNetError(
        .invalidModel,
        "\(ModelFileLayout.damaged(source)): its checksum does not match its content: copy it again, or convert the trained file anew"
      )
    }
    try ModelLimits.check(
      layout.headerBytes, atMost: ModelLimits.headerBytes, "bytes outside of weights and padding", source: source)
    try ModelLimits.check(layout.labelCount, atMost: ModelLimits.labels, "labels", source: source)
    try ModelLimits.check(layout.layerCount, atMost: ModelLimits.layers, "layers", source: source)
    try ModelLimits.check(layout.metadataCount, atMost: ModelLimits.metadata, "metadata entries", source: source)
    try Allocation.ensure(reserveBytes(layout))
    var reader = ModelReader(source: source, owner: owner, weights: layout.weights)
    let network = try reader.network(layout)
    let rule = network.preprocessing.resizeRule
    guard major >= rule.formatMajor else {
      throw reader.invalid(
        "preprocessing.resize_rule is \(rule.rawValue), which a file of format version \(major) cannot say")
    }
    for index in network.layers.indices {
      let needed = network.layers[index].operation.traits.formatMajor
      guard major >= needed else {
        throw reader.invalid(
          "layer '\(network.layers[index].name)' needs format version \(needed), but the file has \(major)")
      }
    }
    return network
  }

  /// More than a model and its handle allocate in small pieces, whatever the file: see docs/memory.md.
  private static func reserveBytes(_ layout: ModelFileLayout) -> Int {
    // An input takes three bytes at least.
    let inputs = min(layout.headerBytes / 3, ModelLimits.inputs)
    return 256 << 10 + 4 * layout.headerBytes + 4096 * layout.layerCount
      + 256 * (layout.labelCount + layout.metadataCount + inputs)
  }

  private mutating func network(_ layout: ModelFileLayout) throws(GoogLeNetError) -> Network {
    var network = Network(
      name: "", producer: "",
      preprocessing: Preprocessing(
        inputHeight: 0, inputWidth: 0, channelOrder: .rgb, mean: [], scale: [], shortSide: 0),
      labels: [], inputName: "", layers: [])
    network.labels.reserveCapacity(layout.labelCount)
    network.layers.reserveCapacity(layout.layerCount)
    network.metadata.reserveCapacity(layout.metadataCount)
    var preprocessingSeen = false
    var message = ModelFileLayout.message(owner.bytes, source: source)
    while let field = try message.next() {
      switch field.number {
      case ModelFileLayout.Field.name: network.name = try text(message.content(field), "the name")
      case ModelFileLayout.Field.producer: network.producer = try text(message.content(field), "the producer")
      case ModelFileLayout.Field.preprocessing:
        guard !preprocessingSeen else { throw invalid("preprocessing is there twice") }
        preprocessingSeen = true
        network.preprocessing = try preprocessing(message.message(field))
      case ModelFileLayout.Field.label:
        network.labels.append(try text(message.content(field), "label", network.labels.count))
      case ModelFileLayout.Field.layer:
        network.layers.append(try layer(message.message(field), network.layers.count))
        try Allocation.check()
      case ModelFileLayout.Field.inputName: network.inputName = try text(message.content(field), "input_name")
      case ModelFileLayout.Field.metadata:
        network.metadata.append(try metadata(message.message(field), network.metadata.count))
      default: break
      }
    }
    guard preprocessingSeen else { throw invalid("preprocessing is missing") }
    try tensors.checkExtents()
    return network
  }

  private func preprocessing(_ message: ProtobufMessage) throws(GoogLeNetError) -> Preprocessing {
    var message = message
    var result = Preprocessing(
      inputHeight: 0, inputWidth: 0, channelOrder: .rgb, mean: [], scale: [], shortSide: 0)
    while let field = try message.next() {
      switch field.number {
      case 1: result.inputHeight = Int(try message.number32(field))
      case 2: result.inputWidth = Int(try message.number32(field))
      case 3:
        let value = try message.number32(field)
        guard let order = Preprocessing.ChannelOrder(rawValue: value) else {
          throw invalid("preprocessing.channel_order is \(value), which this version does not know")
        }
        result.channelOrder = order
      case 4: try message.append(field, to: &result.mean, limit: ModelReader.channelLimit)
      case 5: try message.append(field, to: &result.scale, limit: ModelReader.channelLimit)
      case 6: result.shortSide = Int(try message.number32(field))
      case 7:
        let value = try message.number32(field)
        guard let rule = Preprocessing.ResizeRule(rawValue: value) else {
          throw invalid("preprocessing.resize_rule is \(value), which this version does not know")
        }
        result.resizeRule = rule
      default: break
      }
    }
    return result
  }

  private mutating func metadata(_ message: ProtobufMessage, _ index: Int) throws(GoogLeNetError) -> MetadataEntry {
    var message = message
    var result = MetadataEntry(key: "", value: "")
    while let field = try message.next() {
      switch field.number {
      case 1:
        result.key = try text(
          message.content(field), MetadataEntry.keyName, index, limit: ModelLimits.metadataKeyBytes)
      case 2:
        result.value = try text(
          message.content(field), MetadataEntry.valueName, index, limit: ModelLimits.metadataValueBytes)
      default: break
      }
    }
    return result
  }

  // MARK: Layers

  private mutating func layer(_ message: ProtobufMessage, _ index: Int) throws(GoogLeNetError) -> Layer {
    // The name first, for errors name the layer.
    var name = ""
    var inputs = 0
    var outputScale: Float = 0
    var operationField: ProtobufMessage.Field?
    var operations = 0
    var fields = message
    while let field = try fields.next() {
      switch field.number {
      case 1: name = try text(fields.content(field), "the name of layer", index)
      case 2: inputs += 1
      case 3: outputScale = try fields.float(field)
      case Operation.fieldNumbers:
        operationField = field
        operations += 1
      default: break
      }
    }
    guard operations <= 1 else { throw invalid("layer '\(name)' has \(operations) operations") }
    if ModelReader.isLong(name) { longNames[ByteText(name)] = index }
    inputCount += inputs
    try ModelLimits.check(inputCount, atMost: ModelLimits.inputs, "inputs of layers", source: source)
    var result = Layer(name: name, inputs: [], operation: .dropout, outputScale: outputScale == 0 ? nil : outputScale)
    result.inputs.reserveCapacity(inputs)
    var rest = message
    while result.inputs.count < inputs, let field = try rest.next() {
      guard field.number == 2 else { continue }
      result.inputs.append(shared(try text(rest.content(field), "input", result.inputs.count, of: name)))
    }
    guard let operationField else { throw unknownOperation(name) }
    var content = try OperatorReader(try message.message(operationField), of: name, tensors)
    guard let operation = try Operation(operationField.number, in: &content) else { throw unknownOperation(name) }
    result.operation = operation
    return result
  }

  private func unknownOperation(_ layer: String) -> GoogLeNetError {
    GoogLeNetError(
      .unsupported, "\(source): layer '\(layer)' has an operation that this version of libgooglenet does not know")
  }

  // MARK: Texts

  /// - Parameters: as those of `TextBudget.add`.
  @inline(never)
  private mutating func text(
    _ bytes: UnsafeRawBufferPointer, _ what: StaticString, _ index: Int = -1, of layer: String = "",
    limit: Int = ModelLimits.textBytes
  ) throws(GoogLeNetError) -> String {
    try texts.add(bytes.count, what, index, of: layer, limit: limit)
    guard !bytes.contains(0), let text = String(validating: bytes, as: UTF8.self) else {
      throw invalid("\(TextBudget.name(what, index, layer)) is not valid UTF-8 without zero bytes")
    }
    return text
  }

  /// Whether a string of it needs memory of its own.
  private static func isLong(_ name: String) -> Bool { name.utf8.count > 15 }

  /// The same name, in the memory of the layer that has it.
  private func shared(_ name: String) -> String {
    guard ModelReader.isLong(name), let place = longNames.index(forKey: ByteText(name)) else { return name }
    return longNames[place].key.text
  }

  @inline(never)
  private func invalid(_ what: String) -> GoogLeNetError {
    GoogLeNetError(.invalidModel, "\(source): \(what)")
  }
}
