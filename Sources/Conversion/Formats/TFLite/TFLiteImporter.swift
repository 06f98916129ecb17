import GoogLeNet

/// Reads TFLite models: float ones, ones with small weights, and quantized ones, as int8 where that is exact.
struct TFLiteImporter {
  private typealias Operands = GraphOperands<TFLiteOperator>

  private let file: InputFile
  private let model: FlatTable
  private let graph: FlatTable
  private var builder: GraphBuilder
  private var tensors: [Int: TFLiteTensor] = [:]
  private var values: [Int: GraphValue] = [:]
  private let budget: ValueBudget
  /// Whether weights and activations are taken over as integers.
  private var isInteger = false

  private static let operatorLimit = 10_000

  static func network(of file: InputFile, options: ConversionOptions) throws(GoogLeNetError)
    -> ImportedNetwork
  {
    var importer = try TFLiteImporter(file, options)
    return try importer.network()
  }

  private init(_ file: InputFile, _ options: ConversionOptions) throws(GoogLeNetError) {
    self.file = file
    model = try FlatTable(root: file)
    guard try model.tableCount(2) > 0 else { throw file.invalid("it is a TFLite model without a graph") }
    graph = try model.table(2, at: 0, "graph")
    builder = GraphBuilder(file, options)
    budget = file.budget
  }

  private mutating func network() throws(GoogLeNetError) -> ImportedNetwork {
    let (operators, output) = try neededOperators()
    try UnsupportedNodes.refuse(
      operators, beyond: TFLiteImporter.supported.union(GraphElementwise.tfLite.keys), "operators", file)
    try decideQuantization(operators)
    for index in try graph.numbers(1, Int32.self) ?? [] { try readInput(index) }
    for it in operators {
      guard let result = it.outputs.first else { throw it.invalid("it has no output") }
      values[result] = try convert(try operands(it))
    }
    let layers = try builder.finish(values[output], try tensor(output).name)
    return builder.network(.tfLite, try preprocessing(layers), metadata: TFLiteMetadata.texts(of: model))
  }

  // MARK: - Graph

  private static let supported: Set<String> = [
    "ADD", "AVERAGE_POOL_2D", "CONCATENATION", "CONV_2D", "DEQUANTIZE", "DIV", "FULLY_CONNECTED",
    "LOCAL_RESPONSE_NORMALIZATION", "MAX_POOL_2D", "MEAN", "MUL", "PACK", "PAD", "PADV2", "QUANTIZE", "RESHAPE",
    "SHAPE", "SOFTMAX", "SQUEEZE", "STRIDED_SLICE", "SUB",
  ]

  /// Those whose second input are their weights.
  private static let weighted: Set<String> = ["CONV_2D", "FULLY_CONNECTED"]

  /// The operators on which the main output depends, in order.
  private mutating func neededOperators() throws(GoogLeNetError) -> (operators: [TFLiteOperator], output: Int) {
    let count = try graph.tableCount(3)
    guard count <= TFLiteImporter.operatorLimit else {
      throw file.unsupported("it has \(count) operators: up to \(TFLiteImporter.operatorLimit) are supported")
    }
    var all: [TFLiteOperator] = []
    for index in 0..<count {
      let model = model
      var it = try TFLiteOperator(try graph.table(3, at: index, "operator")) {
        (table) throws(GoogLeNetError) -> FlatTable in
        try model.table(1, at: try table.number(0, UInt32.self), "operator code")
      }
      if let output = it.outputs.first { it.name = try tensor(output).name }
      all.append(it)
    }
    var producers: [Int: Int] = [:]
    for (index, it) in all.enumerated() {
      for output in it.outputs { producers[output] = index }
    }
    let outputs = (try graph.numbers(2, Int32.self) ?? []).filter { producers[$0] != nil }
    guard let head = MainHead.choose(outputs.map { producers[$0] }, all.map { $0.inputs.compactMap { producers[$0] } })
    else { throw file.invalid("no operator makes any of its outputs") }
    var names: [String] = []
    for output in outputs.prefix(MainHead.outputLimit) { names.append(try tensor(output).name) }
    builder.notes += MainHead.notes(outputs: names, chosen: names[head.output], nodes: [])
    return (head.nodes.map { all[$0] }, outputs[head.output])
  }

  private mutating func tensor(_ index: Int) throws(GoogLeNetError) -> TFLiteTensor {
    if let known = tensors[index] { return known }
    let tensor = try TFLiteTensor(try graph.table(0, at: index, "tensor"), model: model)
    tensors[index] = tensor
    return tensor
  }

  private mutating func readInput(_ index: Int) throws(GoogLeNetError) {
    let tensor = try tensor(index)
    let node = GraphInput(name: tensor.name, file: file)
    guard [.float32, .float16, .uint8, .int8].contains(tensor.format) else {
      throw node.unsupported("its element type is not one that images have: float32, uint8 or int8")
    }
    let dims = tensor.declaredDims.map { $0 > 0 ? $0 : nil }
    let name = tensor.name.isEmpty ? "input" : tensor.name
    let axes = GraphActivation.axes(of: dims, usual: GraphActivation.channelsLast)
    values[index] = .activation(try builder.readInput(node, name: name, dims: dims, axes: axes))
  }

  /// The convention of slim, or what the quantization of the input says: a byte p stands for (p - zero point) × scale.
  private mutating func preprocessing(_ layers: [Layer]) throws(GoogLeNetError) -> PreprocessingDefaults {
    let index = try graph.numbers(1, Int32.self)?.first ?? -1
    let tensor = try tensor(index)
    let told = TensorFlowPreprocessing.defaults(layers, builder.input, &builder.notes)
    guard [.uint8, .int8].contains(tensor.format), tensor.scales.count == 1, tensor.scales[0].isNormal,
      let channels = builder.input?.shape.channels
    else { return told }
    let mean = Float(tensor.zeroPoints[0] + (tensor.format == .int8 ? 128 : 0))
    return PreprocessingDefaults(
      channelOrder: channels == 1 ? .gray : .rgb, mean: [Float](repeating: mean, count: channels),
      scale: [Float](repeating: tensor.scales[0], count: channels),
      reason:
        "its input's own quantization, taken to be that of a picture's bytes; the channel order is TensorFlow's convention"
    )
  }

  // MARK: - Quantization

  /// Decides whether the network is taken over as integers, which it is only where that is exact.
  private mutating func decideQuantization(_ operators: [TFLiteOperator]) throws(GoogLeNetError) {
    var weights = 0
    var others = 0
    var activations = 0
    var why: String?
    var roundedOtherwise: Set<String> = []
    for it in operators {
      if try isRoundedOtherwise(it) { roundedOtherwise.insert(it.type) }
      if TFLiteImporter.weighted.contains(it.type), it.inputs.count > 1 {
        let tensor = try tensor(it.inputs[1])
        if tensor.isQuantized { weights += 1 } else { others += 1 }
        if tensor.isQuantized, !tensor.hasIntegerWeights {
          why = "the weights of '\(tensor.name)' are not bytes with one scale an output channel, or one is too small"
        }
      }
      guard let first = it.outputs.first, try tensor(first).isQuantized else { continue }
      activations += 1
      if it.type == "CONCATENATION" {
        let joined = try tensor(first)
        for index in it.inputs {
          let part = try tensor(index)
          if part.scales != joined.scales || part.unsignedScale == nil {
            why = "'\(joined.name)' joins activations of different scales"
          }
        }
      }
      let result = try tensor(first)
      let isRectified =
        it.type == "CONV_2D" ? try function(it, 3) != nil : GraphElementwise.tfLite[it.type] != nil
      if isRectified, result.unsignedScale == nil {
        why = "'\(result.name)' has another zero point than unsigned bytes with 0"
      }
    }
    if !roundedOtherwise.isEmpty {
      let types = roundedOtherwise.sorted().joined(separator: ", ")
      why = "an int8 model does not round what \(types) read and give as TFLite does"
    }
    guard weights > 0 else { return }
    if others == 0, activations > 0, why == nil {
      isInteger = true
      builder.notes.append("taken over as int8: its own weights, less their zero points, and scales, exactly")
    } else if activations > 0 {
      builder.notes.append(
        "its weights became float32, exactly as their scales and zero points say, and its activations are not rounded: "
          + (why ?? "only some of its weights are quantized"))
    } else {
      builder.notes.append("its 8-bit weights became float32, exactly as their scales say")
    }
  }

  /// Whether an int8 model computes an operator in float32, of inputs that it does not round where they may be negative,
  /// and TFLite with integers and tables.
  private mutating func isRoundedOtherwise(_ it: TFLiteOperator) throws(GoogLeNetError) -> Bool {
    switch GraphElementwise.tfLite[it.type] {
    case .relu?, .clippedReLU?: return false
    case nil where it.type != "ADD": return false
    case nil: break
    default: return true
    }
    // A constant summand becomes part of the layer before.
    for input in it.inputs where try tensor(input).data != nil { return false }
    return true
  }

  /// The scale in which an activation is stored, where the network is taken over as integers.
  private mutating func outputScale(_ it: TFLiteOperator) throws(GoogLeNetError) -> Float? {
    guard isInteger, let output = it.outputs.first else { return nil }
    return try tensor(output).unsignedScale
  }

  // MARK: - Values

  /// The operator's inputs but its weights, which are not made floating-point where integers will do.
  private mutating func operands(_ it: TFLiteOperator) throws(GoogLeNetError) -> Operands {
    let hasWeights = TFLiteImporter.weighted.contains(it.type)
    var operands: [GraphOperand] = []
    for (index, input) in it.inputs.enumerated() {
      operands.append(input < 0 || hasWeights && index == 1 ? .leftOut : try operand(input))
    }
    return GraphOperands(it, operands)
  }

  private mutating func operand(_ input: Int) throws(GoogLeNetError) -> GraphOperand {
    let tensor = try tensor(input)
    if let value = values[input] { return .value(value, name: tensor.name) }
    guard let constant = try tensor.constant(budget) else { return .unmade(name: tensor.name) }
    // Once, however many operators read it.
    values[input] = .constant(constant)
    return .value(.constant(constant), name: tensor.name)
  }

  // MARK: - Operators

  private mutating func convert(_ it: Operands) throws(GoogLeNetError) -> GraphValue {
    let node = it.node
    switch node.type {
    case "ADD": return try arithmetic(it, .add)
    case "SUB": return try arithmetic(it, .subtract)
    case "MUL": return try arithmetic(it, .multiply)
    case "DIV": return try arithmetic(it, .divide)
    case "QUANTIZE", "DEQUANTIZE": return try it.value(0)
    case "SHAPE", "STRIDED_SLICE", "PACK": return .shape
    default: return .activation(try layer(it))
    }
  }

  private mutating func layer(_ it: Operands) throws(GoogLeNetError) -> GraphActivation {
    let node = it.node
    if let elementwise = GraphElementwise.tfLite[node.type] {
      return try builder.apply(elementwise, it, outputScale: try outputScale(node))
    }
    switch node.type {
    case "CONV_2D": return try convolution(it)
    case "MAX_POOL_2D", "AVERAGE_POOL_2D": return try pooling(it)
    case "FULLY_CONNECTED": return try innerProduct(it)
    case "CONCATENATION": return try concat(it)
    case "LOCAL_RESPONSE_NORMALIZATION":
      guard let options = node.options else { throw node.invalid("it has no options") }
      return try builder.localResponseNormalization(
        node, try it.activation(), radius: try node.option(0, Int32.self), alpha: try options.float(2),
        beta: try options.float(3), k: try options.float(1))
    case "MEAN":
      return try builder.mean(
        node, try it.activation(), axes: try it.integers(1), keepsAxes: try node.option(0, Int8.self) != 0,
        outputScale: try outputScale(node))
    case "PAD", "PADV2":
      return try builder.padded(node, try it.activation(), try it.integers(1), value: try it.optionalConstant(2))
    case "SOFTMAX":
      guard let options = node.options, try options.float(0) == 1 else { throw node.unsupported("its beta is not 1") }
      return try builder.softmax(node, try logits(it))
    case "RESHAPE":
      guard let output = node.outputs.first else { throw node.invalid("it has no output") }
      var dims = try tensor(output).dims
      // The first dimension counts images, however many the file was made for.
      if !dims.isEmpty { dims[0] = -1 }
      return try builder.reshaped(node, try it.activation(), to: dims)
    case "SQUEEZE":
      return try builder.squeezed(node, try it.activation(), axes: try node.options?.numbers(0, Int32.self) ?? [])
    default: throw node.unsupported("the operator is not supported")
    }
  }

  /// What an operator does after its sum.
  /// - Parameter field: of the options.
  private func function(_ it: TFLiteOperator, _ field: Int) throws(GoogLeNetError) -> GraphElementwise? {
    let activation = try it.option(field, Int8.self)
    if activation == 0 { return nil }
    guard let function = [1: "RELU", 3: "RELU6"][activation].flatMap({ GraphElementwise.tfLite[$0] }) else {
      throw it.unsupported("its activation function is number \(activation): none, ReLU and ReLU6 are supported")
    }
    return function
  }

  /// Adds the function that an operator applies to its result, under the operator's own name.
  private mutating func finished(
    _ it: TFLiteOperator, functionField: Int,
    _ make: (inout GraphBuilder, TFLiteOperator, Float?) throws(GoogLeNetError) -> GraphActivation
  ) throws(GoogLeNetError) -> GraphActivation {
    guard let function = try function(it, functionField) else { return try make(&builder, it, try outputScale(it)) }
    var inner = it
    inner.name += "/linear"
    let sum = try make(&builder, inner, nil)
    return try builder.apply(function, it, sum, outputScale: try outputScale(it))
  }

  private func border(_ it: TFLiteOperator) throws(GoogLeNetError) -> Border {
    let padding = try it.option(0, Int8.self)
    guard 0...1 ~= padding else { throw it.invalid("its padding is number \(padding)") }
    return padding == 0 ? .same(extraFirst: false) : .valid
  }

  private mutating func convolution(_ it: Operands) throws(GoogLeNetError) -> GraphActivation {
    let node = it.node
    let input = try it.activation()
    let dims = node.inputs.count > 1 ? try tensor(node.inputs[1]).dims : []
    guard dims.count == 4, dims.checkedProduct != nil else {
      throw node.invalid("its weights have the dimensions \(dims): 4 of them are needed")
    }
    let window = GraphWindow(
      kernel: [dims[1], dims[2]], strides: [try node.option(2, Int32.self), try node.option(1, Int32.self)],
      dilations: [try node.option(5, Int32.self, 1), try node.option(4, Int32.self, 1)], border: try border(node))
    // (outputs, height, width, inputs) in the file.
    let weights = try weights(node, order: [0, 3, 1, 2])
    let bias = try it.optionalVector(2, "bias", count: dims[0])
    return try finished(node, functionField: 3) { (builder, node, _) throws(GoogLeNetError) in
      try builder.convolution(node, input, weights: weights, bias: bias, window)
    }
  }

  private mutating func innerProduct(_ it: Operands) throws(GoogLeNetError) -> GraphActivation {
    let node = it.node
    let input = try builder.flattened(node, try it.activation())
    let dims = node.inputs.count > 1 ? try tensor(node.inputs[1]).dims : []
    guard dims.count == 2, dims.checkedProduct != nil, try node.option(1, Int8.self) == 0 else {
      throw node.unsupported("its weights have the dimensions \(dims), or are shuffled: a plain matrix is supported")
    }
    let weights = try weights(node, order: [0, 1])
    let bias = try it.optionalVector(2, "bias", count: dims[0])
    return try finished(node, functionField: 0) { (builder, node, _) throws(GoogLeNetError) in
      try builder.innerProduct(node, input, weights: weights, bias: bias)
    }
  }

  /// The second input with its axes in another order: as integers where the network is.
  private mutating func weights(_ it: TFLiteOperator, order: [Int]) throws(GoogLeNetError) -> Tensor {
    let tensor = try tensor(it.inputs[1])
    if isInteger, let weights = try tensor.integerWeights(order: order, budget) { return weights }
    let constant = try GraphOperands(it, [try operand(it.inputs[1])]).constant(0)
    // Another operator may make them, of other dimensions than it says.
    guard constant.dims == tensor.dims else {
      throw it.invalid("its weights have the dimensions \(constant.dims), but \(tensor.dims) are described")
    }
    return try constant.tensor(order: order, budget)
  }

  private mutating func pooling(_ it: Operands) throws(GoogLeNetError) -> GraphActivation {
    let node = it.node
    let input = try it.activation()
    let window = GraphWindow(
      kernel: [try node.option(4, Int32.self), try node.option(3, Int32.self)],
      strides: [try node.option(2, Int32.self), try node.option(1, Int32.self)], border: try border(node))
    let isMax = node.type == "MAX_POOL_2D"
    return try finished(node, functionField: 5) { (builder, node, scale) throws(GoogLeNetError) in
      // The largest of stored values is stored as they are; averages are rounded anew.
      try builder.pooling(node, isMax ? .max : .average, input, window, outputScale: isMax ? nil : scale)
    }
  }

  /// What a softmax reads, rounded and clamped as the file stores it. An int8 model stores no negative values, so what
  /// stands for 0 is added before and subtracted after.
  private mutating func logits(_ it: Operands) throws(GoogLeNetError) -> GraphActivation {
    let logits = try it.activation()
    guard isInteger, let index = it.node.inputs.first else { return logits }
    let tensor = try tensor(index)
    guard let (scale, zero) = tensor.byteStorage, zero > 0 else { return logits }
    let channels = logits.shape.channels
    func shift(by zero: Int) throws(GoogLeNetError) -> Operation {
      var shift = BatchNormalization()
      shift.shift = try Tensor([Float](repeating: Float(zero) * scale, count: channels), dims: [channels], budget)
      return .batchNormalization(shift)
    }
    var node = it.node
    node.name = tensor.name + "/shifted"
    let shifted = try builder.add(node, try shift(by: zero), [logits])
    node.name = tensor.name + "/stored"
    let stored = try builder.add(node, .relu, [shifted], outputScale: scale)
    node.name = tensor.name
    return try builder.add(node, try shift(by: -zero), [stored])
  }

  private mutating func concat(_ it: Operands) throws(GoogLeNetError) -> GraphActivation {
    guard try function(it.node, 1) == nil else { throw it.node.unsupported("it applies a ReLU to what it joins") }
    return try builder.concat(it.node, try it.activations(it.indices), axis: try it.node.option(0, Int32.self))
  }

  private mutating func arithmetic(_ it: Operands, _ operation: GraphArithmetic) throws(GoogLeNetError) -> GraphValue {
    let (left, right) = (try it.value(0), try it.value(1))
    let result = try finished(it.node, functionField: 0) { (builder, node, _) throws(GoogLeNetError) in
      guard case .activation(let sum) = try builder.combine(node, operation, left, right) else {
        throw node.unsupported("only an image and a constant can be combined, or images added")
      }
      return sum
    }
    return .activation(result)
  }
}
