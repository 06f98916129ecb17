/// Turns the bytes of a model file into a `Network`. Checks the format; what the layers say is checked by `NetworkValidator`.
///
/// Messages are read in place, so that a file costs in proportion to its bytes. A repeated number or text counts as the last one
/// says, as in all of protobuf; a message that may be there once is refused where it is repeated.
struct ModelReader {
  /// The newest major format version that this reader understands.
  static let formatMajor: UInt64 = 2
  /// More dimensions than any tensor has.
  private static let dimensionLimit = 8
  /// More means or scales than any preprocessing has.
  private static let channelLimit = 8

  /// A tensor's place in the weights.
  private struct Extent {
    let start: Int
    let end: Int
    let layer: Int
    let field: StaticString
  }

  /// How errors name the model: "'path'" or "the model in memory".
  private let source: String
  private let owner: MemoryBlock
  private let weights: UnsafeRawBufferPointer
  /// The layers' names so far that are too long to lie in a string itself, so that those who read a layer share its name's memory.
  private var longNames: Set<ByteText> = []
  /// Of the last tensor: those of a layer share the memory of theirs.
  private var lastDims: [Int] = []
  private var extents: [Extent] = []
  private var texts: TextBudget
  private var inputCount = 0
  /// The layer that is being read.
  private var layerIndex = 0

  private init(source: String, owner: MemoryBlock, weights: UnsafeRawBufferPointer) {
    self.source = source
    self.owner = owner
    self.weights = weights
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
          layout.formatMajor == nil
            ? "\(source) is not a model file (it has no format version): convert trained weights with 'googlenet convert'"
            : "\(source) has no checksum: truncated? Copy it again, or convert the trained file anew")
    }
    guard let major = layout.formatMajor, major > 0 else {
      throw GoogLeNetError(.invalidModel, "\(source) is not a valid model file: it has no format version")
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
        "\(source) is corrupted, for its checksum does not match its content: copy it again, or convert the trained file anew"
      )
    }
    try ModelLimits.check(layout.labelCount, atMost: ModelLimits.labels, "labels", source: source)
    try ModelLimits.check(layout.layerCount, atMost: ModelLimits.layers, "layers", source: source)
    try Allocation.ensure(reserveBytes(layout))
    var reader = ModelReader(source: source, owner: owner, weights: layout.weights)
    let network = try reader.network(labels: layout.labelCount, layers: layout.layerCount)
    let rule = network.preprocessing.resizeRule
    guard major >= rule.formatMajor else {
      throw reader.invalid(
        "preprocessing.resize_rule is \(rule.rawValue), which a file of format version \(major) cannot say")
    }
    return network
  }

  /// More than a model and its handle allocate in small pieces, whatever the file: see docs/memory.md.
  private static func reserveBytes(_ layout: ModelFileLayout) -> Int {
    // An input takes three bytes at least.
    let inputs = min(layout.headerBytes / 3, ModelLimits.inputs)
    return 256 << 10 + 4 * layout.headerBytes + 4096 * layout.layerCount + 256 * (layout.labelCount + inputs)
  }

  private mutating func network(labels: Int, layers: Int) throws(GoogLeNetError) -> Network {
    var network = Network(
      name: "", producer: "",
      preprocessing: Preprocessing(
        inputHeight: 0, inputWidth: 0, channelOrder: .rgb, mean: [], scale: [], shortSide: 0),
      labels: [], inputName: "", layers: [])
    network.labels.reserveCapacity(labels)
    network.layers.reserveCapacity(layers)
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
        layerIndex = network.layers.count
        network.layers.append(try layer(message.message(field)))
        try Allocation.check()
      case ModelFileLayout.Field.inputName: network.inputName = try text(message.content(field), "input_name")
      default: break
      }
    }
    guard preprocessingSeen else { throw invalid("preprocessing is missing") }
    try checkExtents(network)
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

  // MARK: Layers

  private mutating func layer(_ message: ProtobufMessage) throws(GoogLeNetError) -> Layer {
    // The name first, for errors name the layer.
    var name = ""
    var inputs = 0
    var outputScale: Float = 0
    var operationField: ProtobufMessage.Field?
    var operations = 0
    var fields = message
    while let field = try fields.next() {
      switch field.number {
      case 1: name = try text(fields.content(field), "the name of layer", layerIndex)
      case 2: inputs += 1
      case 3: outputScale = try fields.float(field)
      case 16...24:
        operationField = field
        operations += 1
      default: break
      }
    }
    guard operations <= 1 else { throw invalid("layer '\(name)' has \(operations) operations") }
    if ModelReader.isLong(name) { longNames.insert(ByteText(name)) }
    inputCount += inputs
    try ModelLimits.check(inputCount, atMost: ModelLimits.inputs, "inputs of layers", source: source)
    var result = Layer(name: name, inputs: [], operation: .dropout, outputScale: outputScale == 0 ? nil : outputScale)
    result.inputs.reserveCapacity(inputs)
    fields = message
    while result.inputs.count < inputs, let field = try fields.next() {
      guard field.number == 2 else { continue }
      result.inputs.append(shared(try text(fields.content(field), "input", result.inputs.count, of: name)))
    }
    guard let operationField else {
      throw GoogLeNetError(
        .unsupported, "\(source): layer '\(name)' has an operation that this version of libgooglenet does not know")
    }
    result.operation = try operation(operationField.number, try message.message(operationField), name)
    return result
  }

  private mutating func operation(_ number: UInt64, _ message: ProtobufMessage, _ name: String)
    throws(GoogLeNetError) -> Operation
  {
    switch number {
    case 16: return .convolution(try convolution(message, name))
    case 17: return .pooling(try pooling(message, name))
    case 18: return .localResponseNormalization(try normalization(message))
    case 19: return .batchNormalization(try batchNormalization(message, name))
    case 22: return .innerProduct(try innerProduct(message, name))
    default:
      var empty = message
      while try empty.next() != nil {}
      switch number {
      case 20: return .relu
      case 21: return .concat
      case 23: return .dropout
      default: return .softmax
      }
    }
  }

  private mutating func convolution(_ message: ProtobufMessage, _ name: String) throws(GoogLeNetError) -> Convolution {
    var message = message
    var weights: Tensor?
    var bias: Tensor?
    var numbers = InlineArray<9, Int>(repeating: 0)
    while let field = try message.next() {
      switch field.number {
      case 1: try tensor(message.message(field), "weights", name, &weights)
      case 2: try tensor(message.message(field), "bias", name, &bias)
      case 3...11: numbers[Int(field.number) - 3] = Int(try message.number32(field))
      default: break
      }
    }
    var result = Convolution(weights: try required(weights, name), bias: bias)
    result.strideHeight = numbers[0]
    result.strideWidth = numbers[1]
    result.padding = Padding(top: numbers[2], left: numbers[3], bottom: numbers[4], right: numbers[5])
    result.dilationHeight = numbers[6]
    result.dilationWidth = numbers[7]
    result.groups = numbers[8]
    return result
  }

  private mutating func innerProduct(_ message: ProtobufMessage, _ name: String) throws(GoogLeNetError) -> InnerProduct
  {
    var message = message
    var weights: Tensor?
    var bias: Tensor?
    while let field = try message.next() {
      if field.number == 1 { try tensor(message.message(field), "weights", name, &weights) }
      if field.number == 2 { try tensor(message.message(field), "bias", name, &bias) }
    }
    return InnerProduct(weights: try required(weights, name), bias: bias)
  }

  private func pooling(_ message: ProtobufMessage, _ name: String) throws(GoogLeNetError) -> Pooling {
    var message = message
    var numbers = InlineArray<12, UInt32>(repeating: 0)
    while let field = try message.next() {
      if 1...12 ~= field.number {
        let isFlag = field.number == 2 || field.number == 12
        numbers[Int(field.number) - 1] =
          isFlag ? (try message.number(field) != 0 ? 1 : 0) : try message.number32(field)
      }
    }
    guard let method = Pooling.Method(rawValue: numbers[0]) else {
      throw invalid("layer '\(name)': pooling method \(numbers[0]) is neither MAX (0) nor AVERAGE (1)")
    }
    guard let rounding = Pooling.Rounding(rawValue: numbers[10]) else {
      throw invalid("layer '\(name)': pooling rounding \(numbers[10]) is neither FLOOR (0) nor CEIL (1)")
    }
    var result = Pooling(method)
    result.global = numbers[1] != 0
    result.kernelHeight = Int(numbers[2])
    result.kernelWidth = Int(numbers[3])
    result.strideHeight = Int(numbers[4])
    result.strideWidth = Int(numbers[5])
    result.padding = Padding(
      top: Int(numbers[6]), left: Int(numbers[7]), bottom: Int(numbers[8]), right: Int(numbers[9]))
    result.rounding = rounding
    result.countIncludesPadding = numbers[11] != 0
    return result
  }

  private func normalization(_ message: ProtobufMessage) throws(GoogLeNetError) -> LocalResponseNormalization {
    var message = message
    var result = LocalResponseNormalization(size: 0, alpha: 0, beta: 0, k: 0, alphaPerElement: false)
    while let field = try message.next() {
      switch field.number {
      case 1: result.size = Int(try message.number32(field))
      case 2: result.alpha = try message.float(field)
      case 3: result.beta = try message.float(field)
      case 4: result.k = try message.float(field)
      case 5: result.alphaPerElement = try message.number(field) != 0
      default: break
      }
    }
    return result
  }

  private mutating func batchNormalization(_ message: ProtobufMessage, _ name: String) throws(GoogLeNetError)
    -> BatchNormalization
  {
    var message = message
    var result = BatchNormalization()
    while let field = try message.next() {
      switch field.number {
      case 1: try tensor(message.message(field), "mean", name, &result.mean)
      case 2: try tensor(message.message(field), "variance", name, &result.variance)
      case 3: try tensor(message.message(field), "scale", name, &result.scale)
      case 4: try tensor(message.message(field), "shift", name, &result.shift)
      case 5: result.epsilon = try message.float(field)
      default: break
      }
    }
    return result
  }

  // MARK: Tensors

  private func required(_ weights: Tensor?, _ name: String) throws(GoogLeNetError) -> Tensor {
    guard let weights else { throw invalid("layer '\(name)' has no weights") }
    return weights
  }

  private mutating func tensor(
    _ message: ProtobufMessage, _ field: StaticString, _ name: String, _ result: inout Tensor?
  ) throws(GoogLeNetError) {
    guard result == nil else { throw invalid("layer '\(name)' has its \(field) twice") }
    var message = message
    var dims: [Int] = []
    var elementType = ElementType.float32
    var scales: [Float] = []
    var inputScales: [Float] = []
    var offset: UInt64 = 0
    var length: UInt64 = 0
    while let member = try message.next() {
      switch member.number {
      case 1: try message.append(member, to: &dims, limit: ModelReader.dimensionLimit)
      case 2:
        let value = try message.number32(member)
        guard let known = ElementType(rawValue: value) else {
          throw GoogLeNetError(
            .unsupported, "\(source): layer '\(name)': \(field) has element type \(value), unknown here")
        }
        elementType = known
      case 3: try message.append(member, to: &scales, limit: NetworkValidator.channelLimit)
      case 4: offset = try message.number(member)
      case 5: length = try message.number(member)
      case 6: try message.append(member, to: &inputScales, limit: NetworkValidator.channelLimit)
      default: break
      }
    }
    if dims != lastDims { lastDims = dims }
    let size = UInt64(weights.count)
    guard offset <= size, length <= size - offset else {
      throw invalid(
        "layer '\(name)': \(field) lies at bytes \(offset) + \(length), but there are only \(size) bytes of weights")
    }
    let range = Int(offset)..<Int(offset + length)
    if !range.isEmpty {
      extents.append(Extent(start: range.lowerBound, end: range.upperBound, layer: layerIndex, field: field))
    }
    result = Tensor(
      dims: lastDims, elementType: elementType, scales: scales, inputScales: inputScales,
      bytes: UnsafeRawBufferPointer(rebasing: weights[range]), owner: owner)
  }

  /// Bytes that several tensors shared would cost their readers more than the file has.
  private mutating func checkExtents(_ network: Network) throws(GoogLeNetError) {
    extents.sort { $0.start < $1.start }
    for (left, right) in zip(extents, extents.dropFirst()) where right.start < left.end {
      throw invalid(
        "layer '\(network.layers[left.layer].name)': \(left.field) and layer '\(network.layers[right.layer].name)': "
          + "\(right.field) both lie at byte \(right.start) of the weights: each tensor needs bytes of its own")
    }
  }

  // MARK: Texts

  /// - Parameters: as those of `TextBudget.add`.
  @inline(never)
  private mutating func text(
    _ bytes: UnsafeRawBufferPointer, _ what: StaticString, _ index: Int = -1, of layer: String = ""
  ) throws(GoogLeNetError) -> String {
    try texts.add(bytes.count, what, index, of: layer)
    guard !bytes.contains(0), let text = String(validating: bytes, as: UTF8.self) else {
      throw invalid("\(TextBudget.name(what, index, layer)) is not valid UTF-8 without zero bytes")
    }
    return text
  }

  /// Whether a string of it needs memory of its own.
  private static func isLong(_ name: String) -> Bool { name.utf8.count > 15 }

  /// The same name, in the memory of the layer that has it.
  private func shared(_ name: String) -> String {
    guard ModelReader.isLong(name), let place = longNames.firstIndex(of: ByteText(name)) else { return name }
    return longNames[place].text
  }

  @inline(never)
  private func invalid(_ what: String) -> GoogLeNetError {
    GoogLeNetError(.invalidModel, "\(source): \(what)")
  }
}
