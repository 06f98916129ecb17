import CForeignFormats
import GoogLeNet

/// Builds the nodes and constants of an ONNX graph that computes what a model does.
///
/// The output of a node is called as its layer, so that a converted export has the layers' names again. Activations that
/// an int8 model stores in 8 bits go through QuantizeLinear and DequantizeLinear behind their layer. Those in 16 bits
/// stay float32, for opset 13 has no 16 bits, and so does the network's input, whose bytes are normalized channel by
/// channel: both are closer to what the session computes than 8 bits would be.
struct ONNXGraphBuilder {
  enum Attribute {
    case int(Int)
    case float(Float)
    case ints([Int])
    case text(String)
  }

  /// What a layer's readers read.
  private struct Value {
    var name: String
    let shape: Shape
    /// Whether its axes are (N, C) instead of (N, C, H, W).
    var isVector: Bool
    let encoding: ActivationEncoding
  }

  private let model: Model
  private let arena: MessageArena
  private(set) var nodes: [UnsafeMutablePointer<Onnx__Node>?] = []
  private(set) var initializers: [ONNXInitializer] = []
  private var values: [String: Value] = [:]
  private var names: Set<String>
  private var zero: String?

  init(_ model: Model, _ arena: MessageArena) throws(GoogLeNetError) {
    self.model = model
    self.arena = arena
    let network = model.network
    names = Set(network.layers.map(\.name) + [network.inputName])
    let preprocessing = network.preprocessing
    let shape = Shape(
      channels: preprocessing.channelOrder.channels, height: preprocessing.inputHeight,
      width: preprocessing.inputWidth)
    values[network.inputName] = Value(name: network.inputName, shape: shape, isVector: false, encoding: .float32)
    for index in network.layers.indices { try add(index) }
  }

  // MARK: Layers

  private mutating func add(_ index: Int) throws(GoogLeNetError) {
    let layer = model.network.layers[index]
    var inputs = layer.inputs.compactMap { values[$0] }
    guard let first = inputs.first, inputs.count == layer.inputs.count else {
      throw unsupported(layer, "it reads what no layer before it makes")
    }
    var output = Value(
      name: layer.name, shape: model.layerSummary(index).shape, isVector: first.isVector,
      encoding: model.encodings[index])
    switch layer.operation {
    case .dropout:
      // Nothing at inference: its readers read its source.
      values[layer.name] = first
      return
    case .prelu(let it):
      let slopes = try floats("\(layer.name)/slopes", it.slopes.floats(), dims: slopeDims(it, first))
      try node("PRelu", layer.name, [first.name, slopes])
    case .clippedReLU(let it):
      let bounds = [
        try floats("\(layer.name)/min", [0], dims: []), try floats("\(layer.name)/max", [it.maximum], dims: []),
      ]
      try node("Clip", layer.name, [first.name] + bounds)
    case .softmax:
      let isLast = index == model.network.layers.count - 1
      let input = isLast ? try vector(first, for: layer) : first
      output.isVector = input.isVector
      try node("Softmax", layer.name, [input.name], [("axis", .int(1))])
    case .concat:
      output.isVector = inputs.allSatisfy(\.isVector)
      if !output.isVector { for place in inputs.indices { inputs[place] = try image(inputs[place], for: layer) } }
      try node("Concat", layer.name, inputs.map(\.name), [("axis", .int(1))])
    case .innerProduct(let it):
      let input = try vector(first, for: layer)
      output.isVector = true
      let operands = try operands(layer.name, it.weights, it.bias, input)
      try node("Gemm", layer.name, [input.name] + operands, [("transB", .int(1))])
    case .convolution(let it):
      let input = try image(first, for: layer)
      output.isVector = false
      try convolution(it, layer, input)
    case .pooling(let it):
      let input = try image(first, for: layer)
      output.isVector = false
      try pooling(it, layer, input, output.shape)
    case .localResponseNormalization(let it):
      let input = try image(first, for: layer)
      output.isVector = false
      let size = Float(it.size)
      try node(
        "LRN", layer.name, [input.name],
        [
          ("alpha", .float(it.alphaPerElement ? it.alpha * size : it.alpha)), ("beta", .float(it.beta)),
          ("bias", .float(it.k)), ("size", .int(it.size)),
        ])
    case .batchNormalization(let it): try batchNormalization(it, layer, first)
    default:
      guard let name = GraphElementwise.onnxName(of: layer.operation) else {
        throw unsupported(layer, "ONNX has no such operator")
      }
      output.isVector = inputs.allSatisfy(\.isVector)
      if !output.isVector { for place in inputs.indices { inputs[place] = try image(inputs[place], for: layer) } }
      try node(name, layer.name, inputs.map(\.name))
    }
    if case .u8(let scale) = output.encoding { output.name = try stored(output.name, scale: scale) }
    values[layer.name] = output
  }

  private mutating func convolution(_ it: Convolution, _ layer: Layer, _ input: Value) throws(GoogLeNetError) {
    let operands = try operands(layer.name, it.weights, it.bias, input)
    let kernel = [it.kernelHeight, it.kernelWidth]
    let strides = [it.strideHeight, it.strideWidth]
    let dilations = [it.dilationHeight, it.dilationWidth]
    try node(
      "Conv", layer.name, [input.name] + operands,
      [
        ("dilations", .ints(dilations)), ("group", .int(it.groups)), ("kernel_shape", .ints(kernel)),
        ONNXGraphBuilder.attribute(it.border, it.padding(around: input.shape), kernel, strides, dilations),
        ("strides", .ints(strides)),
      ])
  }

  private mutating func batchNormalization(_ it: BatchNormalization, _ layer: Layer, _ input: Value)
    throws(GoogLeNetError)
  {
    let channels = input.shape.channels
    var operands = [input.name]
    for (field, tensor, missing) in [
      ("scale", it.scale, Float(1)), ("shift", it.shift, 0), ("mean", it.mean, 0), ("variance", it.variance, 1),
    ] {
      let name = "\(layer.name)/\(field)"
      if let tensor {
        operands.append(try floats(name, tensor))
      } else {
        operands.append(try floats(name, [Float](repeating: missing, count: channels)))
      }
    }
    // Without a variance nothing is divided.
    let epsilon = it.variance == nil ? 0 : it.epsilon
    try node("BatchNormalization", layer.name, operands, [("epsilon", .float(epsilon))])
  }

  /// ONNX's ceil_mode keeps the windows that begin beyond the image, which the model drops: padding that fits stands
  /// for it there.
  private mutating func pooling(_ it: Pooling, _ layer: Layer, _ input: Value, _ output: Shape) throws(GoogLeNetError) {
    let method = it.method == .max ? "Max" : "Average"
    guard !it.global else {
      try node("Global\(method)Pool", layer.name, [input.name])
      return
    }
    var padding = it.padding(around: input.shape)
    let rows = WindowRow(
      size: input.shape.height, count: output.height, kernel: it.kernelHeight, stride: it.strideHeight,
      before: padding.top, after: padding.bottom)
    let columns = WindowRow(
      size: input.shape.width, count: output.width, kernel: it.kernelWidth, stride: it.strideWidth,
      before: padding.left, after: padding.right)
    var roundsUp = it.rounding == .ceil
    if roundsUp, rows.dropsWindow || columns.dropsWindow {
      padding.bottom = rows.fittingAfter
      padding.right = columns.fittingAfter
      roundsUp = false
      let isWider = padding.bottom > rows.after || padding.right > columns.after
      guard it.method == .max || !it.countIncludesPadding || !isWider else {
        throw unsupported(
          layer, "its windows overhang the padding along one axis and are dropped along the other: ONNX cannot say that"
        )
      }
    }
    let kernel = [it.kernelHeight, it.kernelWidth]
    let strides = [it.strideHeight, it.strideWidth]
    var attributes: [(String, Attribute)] = [
      ("ceil_mode", .int(roundsUp ? 1 : 0)), ("kernel_shape", .ints(kernel)),
      ONNXGraphBuilder.attribute(it.border, padding, kernel, strides), ("strides", .ints(strides)),
    ]
    if it.method == .average {
      attributes.append(("count_include_pad", .int(it.countIncludesPadding ? 1 : 0)))
    }
    try node("\(method)Pool", layer.name, [input.name], attributes)
  }

  /// A rule stays one where ONNX Runtime computes it: it refuses dilation, and fails where windows leave pixels out between them.
  /// - Parameter padding: what it comes to at the model's own input size.
  private static func attribute(
    _ border: Border, _ padding: Padding, _ kernel: [Int], _ strides: [Int], _ dilations: [Int] = [1, 1]
  ) -> (String, Attribute) {
    if case .same(let extraFirst) = border, dilations == [1, 1], zip(kernel, strides).allSatisfy({ $0 >= $1 }) {
      return ("auto_pad", .text(extraFirst ? "SAME_LOWER" : "SAME_UPPER"))
    }
    return ("pads", .ints([padding.top, padding.left, padding.bottom, padding.right]))
  }

  // MARK: Axes

  private mutating func vector(_ value: Value, for layer: Layer) throws(GoogLeNetError) -> Value {
    guard !value.isVector else { return value }
    var result = value
    result.name = unique("\(layer.name)/flat")
    result.isVector = true
    try node("Flatten", result.name, [value.name], [("axis", .int(1))])
    return result
  }

  private mutating func image(_ value: Value, for layer: Layer) throws(GoogLeNetError) -> Value {
    guard value.isVector else { return value }
    var result = value
    result.name = unique("\(layer.name)/image")
    result.isVector = false
    let shape = try integers("\(layer.name)/image_shape", [0, value.shape.channels, 1, 1])
    try node("Reshape", result.name, [value.name, shape])
    return result
  }

  // MARK: Constants

  /// Weights and bias of a convolution or inner product.
  private mutating func operands(_ name: String, _ weights: Tensor, _ bias: Tensor?, _ input: Value)
    throws(GoogLeNetError) -> [String]
  {
    // ONNX has no scales of input channels, and this project's own importer takes normal scales above 0 alone.
    guard weights.inputScales.isEmpty, weights.scales.allSatisfy({ $0.isNormal && $0 > 0 }),
      let (integers, zeros) = try integers(name, weights)
    else {
      var result = [try floats("\(name)/weights", weights)]
      if let bias { result.append(try floats("\(name)/bias", bias)) }
      return result
    }
    let scales = try floats("\(name)/weights_scale", weights.scales)
    let weightsName = unique("\(name)/weights")
    try node("DequantizeLinear", weightsName, [integers, scales, zeros], [("axis", .int(0))])
    guard let bias else { return [weightsName] }
    guard case .u8(let inputScale) = input.encoding else { return [weightsName, try floats("\(name)/bias", bias)] }
    return [weightsName, try integerBias(name, bias, units: weights.scales.map { inputScale * $0 })]
  }

  /// Integer weights and their zero points: signed bytes as they are, those of 16 bits as unsigned bytes with the zero point
  /// that makes them such; nil where they are neither.
  private mutating func integers(_ name: String, _ weights: Tensor) throws(GoogLeNetError)
    -> (integers: String, zeros: String)?
  {
    let integers: String
    let type: ONNXElementType
    var zero: UInt8 = 0
    switch weights.elementType {
    case .int8:
      type = .int8
      integers = unique("\(name)/weights_s8")
      try add(integers, weights.dims, type, .stored(weights))
    case .int16:
      let values = (0..<weights.count).map { weights.bytes.loadUnaligned(fromByteOffset: 2 * $0, as: Int16.self) }
      let least = min(values.min() ?? 0, 0)
      guard max(values.max() ?? 0, 0) - least <= 255 else { return nil }
      zero = UInt8(-least)
      type = .uint8
      integers = unique("\(name)/weights_u8")
      try add(integers, weights.dims, type, .made(values.map { UInt8($0 - least) }))
    case .float32, .float16: return nil
    }
    let zeros = unique("\(name)/weights_zero")
    let count = weights.scales.count
    try add(zeros, [count], type, .made([UInt8](repeating: zero, count: count)))
    return (integers, zeros)
  }

  /// The bias as the session's integer sums begin with it: in units of input scale × weight scale.
  private mutating func integerBias(_ name: String, _ bias: Tensor, units: [Float]) throws(GoogLeNetError) -> String {
    let values = bias.floats()
    let sums = zip(values, units).map { value, unit in (Double(value) / Double(unit)).rounded(.toNearestOrEven) }
    guard units.allSatisfy(\.isNormal), sums.allSatisfy({ abs($0) <= 0x1p30 }) else {
      return try floats("\(name)/bias", bias)
    }
    let integers = unique("\(name)/bias_s32")
    try add(integers, bias.dims, .int32, .made(littleEndian(sums.map { Int32($0) })))
    let scales = try floats("\(name)/bias_scale", units)
    let result = unique("\(name)/bias")
    try node("DequantizeLinear", result, [integers, scales], [("axis", .int(0))])
    return result
  }

  /// Rounds an activation to 8 bits and back; returns what its readers read.
  private mutating func stored(_ name: String, scale: Float) throws(GoogLeNetError) -> String {
    let zero: String
    if let made = self.zero {
      zero = made
    } else {
      zero = unique("zero_u8")
      try add(zero, [], .uint8, .made([0]))
      self.zero = zero
    }
    let scaleName = unique("\(name)/scale")
    try add(scaleName, [], .float32, .made(littleEndian([scale.bitPattern])))
    let bytes = unique("\(name)/u8")
    try node("QuantizeLinear", bytes, [name, scaleName, zero])
    let result = unique("\(name)/rounded")
    try node("DequantizeLinear", result, [bytes, scaleName, zero])
    return result
  }

  private mutating func floats(_ name: String, _ tensor: Tensor) throws(GoogLeNetError) -> String {
    let name = unique(name)
    try add(name, tensor.dims, .float32, tensor.elementType == .float32 ? .stored(tensor) : .widened(tensor))
    return name
  }

  /// - Parameter dims: nil for those of a vector.
  private mutating func floats(_ name: String, _ values: [Float], dims: [Int]? = nil) throws(GoogLeNetError) -> String {
    let name = unique(name)
    try add(name, dims ?? [values.count], .float32, .made(littleEndian(values.map(\.bitPattern))))
    return name
  }

  /// The dimensions that spread slopes over the pixels.
  private func slopeDims(_ it: PReLU, _ input: Value) -> [Int] {
    input.isVector || it.slopes.count == 1 ? it.slopes.dims : it.slopes.dims + [1, 1]
  }

  private mutating func integers(_ name: String, _ values: [Int]) throws(GoogLeNetError) -> String {
    let name = unique(name)
    try add(name, [values.count], .int64, .made(littleEndian(values.map { Int64($0) })))
    return name
  }

  private mutating func add(
    _ name: String, _ dims: [Int], _ type: ONNXElementType, _ values: ONNXInitializer.Values
  ) throws(GoogLeNetError) {
    initializers.append(try ONNXInitializer(name: name, dims: dims, type: type, values: values))
  }

  private func littleEndian<Number: FixedWidthInteger>(_ values: [Number]) -> [UInt8] {
    values.flatMap { value in withUnsafeBytes(of: value.littleEndian) { [UInt8]($0) } }
  }

  // MARK: Nodes

  /// A name that nothing else has.
  private mutating func unique(_ name: String) -> String {
    var result = name
    while !names.insert(result).inserted { result += "_" }
    return result
  }

  /// - Parameter output: also the node's name.
  private mutating func node(
    _ type: String, _ output: String, _ inputs: [String], _ attributes: [(name: String, value: Attribute)] = []
  ) throws(GoogLeNetError) {
    let node = try arena.message(onnx__node__init)
    node.pointee.name = try arena.copy(output)
    node.pointee.op_type = try arena.copy(type)
    node.pointee.n_input = inputs.count
    node.pointee.input = try arena.copy(inputs)
    node.pointee.n_output = 1
    node.pointee.output = try arena.copy([output])
    node.pointee.n_attribute = attributes.count
    node.pointee.attribute = try arena.allocate(attributes.count, of: UnsafeMutablePointer<Onnx__Attribute>?.self)
    for (index, (name, value)) in attributes.enumerated() {
      node.pointee.attribute[index] = try attribute(name, value)
    }
    nodes.append(node)
  }

  private func attribute(_ name: String, _ value: Attribute) throws(GoogLeNetError)
    -> UnsafeMutablePointer<Onnx__Attribute>
  {
    let attribute = try arena.message(onnx__attribute__init)
    attribute.pointee.name = try arena.copy(name)
    attribute.pointee.has_type = 1
    switch value {
    case .float(let number):
      attribute.pointee.type = 1
      attribute.pointee.has_f = 1
      attribute.pointee.f = number
    case .int(let number):
      attribute.pointee.type = 2
      attribute.pointee.has_i = 1
      attribute.pointee.i = Int64(number)
    case .ints(let numbers):
      attribute.pointee.type = 7
      attribute.pointee.n_ints = numbers.count
      attribute.pointee.ints = try arena.copy(numbers.map { Int64($0) })
    case .text(let text):
      attribute.pointee.type = 3
      attribute.pointee.has_s = 1
      attribute.pointee.s = ProtobufCBinaryData(len: text.utf8.count, data: try arena.copy([UInt8](text.utf8)))
    }
    return attribute
  }

  private func unsupported(_ layer: Layer, _ what: String) -> GoogLeNetError {
    GoogLeNetError(.unsupported, "layer '\(layer.name)' cannot be exported: \(what)")
  }
}
