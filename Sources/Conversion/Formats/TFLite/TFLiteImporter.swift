import GoogLeNet

/// Reads TFLite models: float ones, ones with small weights, and quantized ones, as int8 where that is exact.
struct TFLiteImporter {
  private enum Value {
    case constant(GraphConstant)
    case activation(GraphActivation)
    /// Numbers of a shape, which only reshaping reads; what comes out of that is known without them.
    case shape
  }

  private let file: InputFile
  private let model: FlatTable
  private let graph: FlatTable
  private let inputSize: (height: Int, width: Int)?
  private var builder: GraphBuilder
  private var tensors: [Int: TFLiteTensor] = [:]
  private var values: [Int: Value] = [:]
  private let budget: ValueBudget
  /// Whether weights and activations are taken over as integers.
  private var isInteger = false
  private var input: (name: String, channels: Int, size: (height: Int, width: Int)?)?
  private var notes: [String] = []

  private static let operatorLimit = 10_000

  static func network(of file: InputFile, options: ConversionOptions) throws(GoogLeNetError)
    -> ImportedNetwork
  {
    var importer = try TFLiteImporter(file, options)
    return try importer.network()
  }

  private init(_ file: InputFile, _ options: ConversionOptions) throws(GoogLeNetError) {
    self.file = file
    inputSize = options.inputSize
    model = try FlatTable(root: file)
    guard try model.tableCount(2) > 0 else { throw file.invalid("it is a TFLite model without a graph") }
    graph = try model.table(2, at: 0, "graph")
    builder = GraphBuilder(file, options)
    budget = file.budget
  }

  private mutating func network() throws(GoogLeNetError) -> ImportedNetwork {
    let (operators, output) = try neededOperators()
    let unknown = operators.filter { !TFLiteImporter.supported.contains($0.type) }
    guard unknown.isEmpty else {
      let named = unknown.prefix(20).map { "\($0.type) (node '\($0.name)')" }
      throw file.unsupported("unsupported operators: \(named.joined(separator: ", "))")
    }
    try decideQuantization(operators)
    for index in try graph.numbers(1, Int32.self) ?? [] { try readInput(index) }
    for it in operators {
      guard let result = it.outputs.first else { throw it.invalid("it has no output") }
      values[result] = try convert(it)
    }
    guard case .activation(let result)? = values[output], let input else {
      throw file.invalid("its output does not depend on an image")
    }
    let layers = LayerGraph.needed(builder.layers, for: result.layer)
    guard !layers.isEmpty else { throw file.invalid("its output is its input") }
    if builder.dependsOnInputSize {
      notes.append("SAME padding is that for the input size given here, and stays so at others")
    }
    return ImportedNetwork(
      source: .tfLite, name: "", inputName: input.name, layers: layers, inputChannels: input.channels,
      inputSize: input.size, preprocessing: try preprocessing(layers, input.name),
      paddingFixes: builder.paddingFixes, notes: notes)
  }

  // MARK: - Graph

  private static let supported: Set<String> = [
    "ADD", "AVERAGE_POOL_2D", "CONCATENATION", "CONV_2D", "DEQUANTIZE", "DIV", "FULLY_CONNECTED",
    "LOCAL_RESPONSE_NORMALIZATION", "MAX_POOL_2D", "MEAN", "MUL", "PACK", "PAD", "PADV2", "QUANTIZE", "RELU", "RESHAPE",
    "SHAPE", "SOFTMAX", "SQUEEZE", "STRIDED_SLICE", "SUB",
  ]

  /// The operators on which the output depends, in order: of several outputs the one on which most work.
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
    var best: (operators: [TFLiteOperator], output: Int) = ([], -1)
    let outputs = try graph.numbers(2, Int32.self) ?? []
    for output in outputs.prefix(64) {
      var wanted: Set<Int> = [output]
      var needed: [TFLiteOperator] = []
      for it in all.reversed() where it.outputs.contains(where: wanted.contains) {
        wanted.formUnion(it.inputs)
        needed.append(it)
      }
      if needed.count > best.operators.count { best = (needed.reversed(), output) }
    }
    guard best.output >= 0 else { throw file.invalid("no operator makes any of its outputs") }
    if outputs.count > 1 {
      notes.append("left out the outputs other than '\(try tensor(best.output).name)' (auxiliary classifiers)")
    }
    return best
  }

  private mutating func tensor(_ index: Int) throws(GoogLeNetError) -> TFLiteTensor {
    if let known = tensors[index] { return known }
    let tensor = try TFLiteTensor(try graph.table(0, at: index, "tensor"), model: model)
    tensors[index] = tensor
    return tensor
  }

  private mutating func readInput(_ index: Int) throws(GoogLeNetError) {
    let tensor = try tensor(index)
    let node = TFLiteInput(name: tensor.name, file: file)
    guard input == nil else { throw node.unsupported("a second input: one image is what a GoogLeNet reads") }
    guard [.float32, .float16, .uint8, .int8].contains(tensor.format) else {
      throw node.unsupported("its element type is not one that images have: float32, uint8 or int8")
    }
    let dims = tensor.declaredDims.map { $0 > 0 ? $0 : nil }
    let name = tensor.name.isEmpty ? "input" : tensor.name
    let (value, declared) = try builder.input(node, name: name, dims: dims, size: inputSize)
    input = (name, value.shape.channels, declared)
    values[index] = .activation(value)
  }

  /// The convention of slim, or what the quantization of the input says: a byte p stands for (p - zero point) × scale.
  private mutating func preprocessing(_ layers: [Layer], _ inputName: String) throws(GoogLeNetError)
    -> PreprocessingDefaults
  {
    let index = try graph.numbers(1, Int32.self)?.first ?? -1
    let tensor = try tensor(index)
    let told = TensorFlowPreprocessing.defaults(layers, inputName: inputName, &notes)
    guard [.uint8, .int8].contains(tensor.format), tensor.scales.count == 1, tensor.scales[0].isNormal,
      let channels = input?.channels
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
    for it in operators {
      if ["CONV_2D", "FULLY_CONNECTED"].contains(it.type), it.inputs.count > 1 {
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
      let hasReLU = it.type == "RELU" ? true : it.type == "CONV_2D" ? try hasReLU(it, 3) : false
      if hasReLU, result.unsignedScale == nil {
        why = "'\(result.name)' has another zero point than unsigned bytes with 0"
      }
    }
    guard weights > 0 else { return }
    if others == 0, activations > 0, why == nil {
      isInteger = true
      notes.append("taken over as int8: its own weights, less their zero points, and scales, exactly")
    } else if activations > 0 {
      notes.append(
        "its weights became float32, exactly as their scales and zero points say, and its activations are not rounded: "
          + (why ?? "only some of its weights are quantized"))
    } else {
      notes.append("its 8-bit weights became float32, exactly as their scales say")
    }
  }

  /// The scale in which an activation is stored, where the network is taken over as integers.
  private mutating func outputScale(_ it: TFLiteOperator) throws(GoogLeNetError) -> Float? {
    guard isInteger, let output = it.outputs.first else { return nil }
    return try tensor(output).unsignedScale
  }

  // MARK: - Values

  private mutating func value(_ it: TFLiteOperator, _ index: Int) throws(GoogLeNetError) -> Value {
    guard let value = try optional(it, index) else { throw it.invalid("its input \(index) is missing") }
    return value
  }

  private mutating func optional(_ it: TFLiteOperator, _ index: Int) throws(GoogLeNetError) -> Value? {
    guard index < it.inputs.count, it.inputs[index] >= 0 else { return nil }
    if let value = values[it.inputs[index]] { return value }
    let tensor = try tensor(it.inputs[index])
    guard let constant = try tensor.constant(budget) else {
      throw it.invalid("it reads '\(tensor.name)', which nothing before it makes")
    }
    // Once, however many operators read it.
    values[it.inputs[index]] = .constant(constant)
    return .constant(constant)
  }

  private mutating func activation(_ it: TFLiteOperator, _ index: Int = 0) throws(GoogLeNetError) -> GraphActivation {
    guard case .activation(let activation) = try value(it, index) else {
      throw it.unsupported("its input \(index) does not depend on the image")
    }
    return activation
  }

  private mutating func constant(_ it: TFLiteOperator, _ index: Int) throws(GoogLeNetError) -> GraphConstant? {
    switch try optional(it, index) {
    case nil: return nil
    case .constant(let constant)?: return constant
    default: throw it.unsupported("its input \(index) must be a constant")
    }
  }

  private mutating func integers(_ it: TFLiteOperator, _ index: Int) throws(GoogLeNetError) -> [Int] {
    guard let integers = try constant(it, index)?.integers else {
      throw it.unsupported("its input \(index) must be whole numbers")
    }
    return integers
  }

  // MARK: - Operators

  private mutating func convert(_ it: TFLiteOperator) throws(GoogLeNetError) -> Value {
    switch it.type {
    case "CONV_2D": return .activation(try convolution(it))
    case "MAX_POOL_2D", "AVERAGE_POOL_2D": return .activation(try pooling(it))
    case "FULLY_CONNECTED": return .activation(try innerProduct(it))
    case "CONCATENATION": return .activation(try concat(it))
    case "RELU":
      return .activation(try builder.add(it, .relu, [try activation(it)], outputScale: try outputScale(it)))
    case "LOCAL_RESPONSE_NORMALIZATION": return .activation(try normalization(it))
    case "MEAN":
      return .activation(
        try builder.mean(
          it, try activation(it), axes: try integers(it, 1), keepsAxes: try it.option(0, Int8.self) != 0,
          outputScale: try outputScale(it)))
    case "ADD", "SUB", "MUL", "DIV": return try arithmetic(it)
    case "PAD", "PADV2": return .activation(try padded(it))
    case "SOFTMAX":
      guard let options = it.options, try options.float(0) == 1 else {
        throw it.unsupported("its beta is not 1")
      }
      return .activation(try builder.softmax(it, try logits(it)))
    case "QUANTIZE", "DEQUANTIZE": return try value(it, 0)
    case "SHAPE", "STRIDED_SLICE", "PACK": return .shape
    case "RESHAPE":
      guard let output = it.outputs.first else { throw it.invalid("it has no output") }
      var dims = try tensor(output).dims
      // The first dimension counts images, however many the file was made for.
      if !dims.isEmpty { dims[0] = -1 }
      return .activation(try builder.reshaped(it, try activation(it), to: dims))
    case "SQUEEZE":
      return .activation(
        try builder.squeezed(it, try activation(it), axes: try it.options?.numbers(0, Int32.self) ?? []))
    default: throw it.unsupported("the operator is not supported")
    }
  }

  /// What an operator does after its sum.
  /// - Parameter field: of the options.
  private func hasReLU(_ it: TFLiteOperator, _ field: Int) throws(GoogLeNetError) -> Bool {
    let activation = try it.option(field, Int8.self)
    guard 0...1 ~= activation else {
      throw it.unsupported("its activation function is number \(activation): none and ReLU are supported")
    }
    return activation == 1
  }

  /// Adds the ReLU that an operator applies to its result, under the operator's own name.
  private mutating func finished(
    _ it: TFLiteOperator, reluField: Int,
    _ make: (inout GraphBuilder, TFLiteOperator, Float?) throws(GoogLeNetError) -> GraphActivation
  ) throws(GoogLeNetError) -> GraphActivation {
    guard try hasReLU(it, reluField) else { return try make(&builder, it, try outputScale(it)) }
    var inner = it
    inner.name += "/linear"
    let sum = try make(&builder, inner, nil)
    return try builder.add(it, .relu, [sum], outputScale: try outputScale(it))
  }

  private func border(_ it: TFLiteOperator) throws(GoogLeNetError) -> GraphWindow.Border {
    let padding = try it.option(0, Int8.self)
    guard 0...1 ~= padding else { throw it.invalid("its padding is number \(padding)") }
    return padding == 0 ? .same : .valid
  }

  private mutating func convolution(_ it: TFLiteOperator) throws(GoogLeNetError) -> GraphActivation {
    let input = try activation(it)
    let dims = it.inputs.count > 1 ? try tensor(it.inputs[1]).dims : []
    guard dims.count == 4, dims.checkedProduct != nil else {
      throw it.invalid("its weights have the dimensions \(dims): 4 of them are needed")
    }
    let window = GraphWindow(
      kernel: [dims[1], dims[2]], strides: [try it.option(2, Int32.self), try it.option(1, Int32.self)],
      dilations: [try it.option(5, Int32.self, 1), try it.option(4, Int32.self, 1)], border: try border(it))
    // (outputs, height, width, inputs) in the file.
    let weights = try weights(it, order: [0, 3, 1, 2])
    let bias = try bias(it, outputs: dims[0])
    return try finished(it, reluField: 3) { (builder, it, _) throws(GoogLeNetError) in
      try builder.convolution(it, input, weights: weights, bias: bias, window)
    }
  }

  private mutating func innerProduct(_ it: TFLiteOperator) throws(GoogLeNetError) -> GraphActivation {
    var input = try activation(it)
    if input.axes.count != 2 { input = try builder.reshaped(it, input, to: [-1, input.shape.count]) }
    let dims = it.inputs.count > 1 ? try tensor(it.inputs[1]).dims : []
    guard dims.count == 2, dims.checkedProduct != nil, try it.option(1, Int8.self) == 0 else {
      throw it.unsupported("its weights have the dimensions \(dims), or are shuffled: a plain matrix is supported")
    }
    let weights = try weights(it, order: [0, 1])
    let bias = try bias(it, outputs: dims[0])
    return try finished(it, reluField: 0) { (builder, it, _) throws(GoogLeNetError) in
      try builder.innerProduct(it, input, weights: weights, bias: bias)
    }
  }

  /// The second input with its axes in another order: as integers where the network is.
  private mutating func weights(_ it: TFLiteOperator, order: [Int]) throws(GoogLeNetError) -> Tensor {
    let tensor = try tensor(it.inputs[1])
    if isInteger, let weights = try tensor.integerWeights(order: order, budget) { return weights }
    guard let constant = try constant(it, 1) else { throw it.invalid("it has no weights") }
    // Another operator may make them, of other dimensions than it says.
    guard constant.dims == tensor.dims else {
      throw it.invalid("its weights have the dimensions \(constant.dims), but \(tensor.dims) are described")
    }
    return try constant.tensor(order: order, budget)
  }

  private mutating func bias(_ it: TFLiteOperator, outputs: Int) throws(GoogLeNetError) -> Tensor? {
    guard let bias = try constant(it, 2) else { return nil }
    guard bias.count == outputs else { throw it.invalid("its bias has \(bias.count) values instead of \(outputs)") }
    return try bias.tensor(dims: [outputs], budget)
  }

  private mutating func pooling(_ it: TFLiteOperator) throws(GoogLeNetError) -> GraphActivation {
    let input = try activation(it)
    let window = GraphWindow(
      kernel: [try it.option(4, Int32.self), try it.option(3, Int32.self)],
      strides: [try it.option(2, Int32.self), try it.option(1, Int32.self)], border: try border(it))
    let isMax = it.type == "MAX_POOL_2D"
    return try finished(it, reluField: 5) { (builder, it, scale) throws(GoogLeNetError) in
      // The largest of stored values is stored as they are; averages are rounded anew.
      try builder.pooling(it, isMax ? .max : .average, input, window, outputScale: isMax ? nil : scale)
    }
  }

  private mutating func normalization(_ it: TFLiteOperator) throws(GoogLeNetError) -> GraphActivation {
    let input = try activation(it)
    let radius = try it.option(0, Int32.self)
    guard 0...65536 ~= radius, input.axes.last == .channel, let options = it.options else {
      throw it.unsupported("its radius is \(radius), and its input's last axis must be the channels")
    }
    return try builder.add(
      it,
      .localResponseNormalization(
        LocalResponseNormalization(
          size: 2 * radius + 1, alpha: try options.float(2), beta: try options.float(3), k: try options.float(1),
          alphaPerElement: true)), [input])
  }

  /// What a softmax reads, rounded and clamped as the file stores it. An int8 model stores no negative values, so what
  /// stands for 0 is added before and subtracted after.
  private mutating func logits(_ it: TFLiteOperator) throws(GoogLeNetError) -> GraphActivation {
    let logits = try activation(it)
    guard isInteger, let index = it.inputs.first else { return logits }
    let tensor = try tensor(index)
    guard let (scale, zero) = tensor.byteStorage, zero > 0 else { return logits }
    let channels = logits.shape.channels
    func shift(by zero: Int) throws(GoogLeNetError) -> Operation {
      var shift = BatchNormalization()
      shift.shift = try Tensor([Float](repeating: Float(zero) * scale, count: channels), dims: [channels], budget)
      return .batchNormalization(shift)
    }
    var node = it
    node.name = tensor.name + "/shifted"
    let shifted = try builder.add(node, try shift(by: zero), [logits])
    node.name = tensor.name + "/stored"
    let stored = try builder.add(node, .relu, [shifted], outputScale: scale)
    node.name = tensor.name
    return try builder.add(node, try shift(by: -zero), [stored])
  }

  private mutating func concat(_ it: TFLiteOperator) throws(GoogLeNetError) -> GraphActivation {
    var inputs: [GraphActivation] = []
    for index in it.inputs.indices { inputs.append(try activation(it, index)) }
    let axis = try it.option(0, Int32.self)
    guard try !hasReLU(it, 1) else { throw it.unsupported("it applies a ReLU to what it joins") }
    return try builder.concat(it, inputs, axis: axis)
  }

  private mutating func arithmetic(_ it: TFLiteOperator) throws(GoogLeNetError) -> Value {
    let operation: GraphArithmetic =
      switch it.type {
      case "ADD": .add
      case "SUB": .subtract
      case "MUL": .multiply
      default: .divide
      }
    let affine: BatchNormalization
    let input: GraphActivation
    switch (try value(it, 0), try value(it, 1)) {
    case (.activation(let left), .constant(let right)):
      input = left
      affine = try operation.affine(left, right, isReversed: false, it)
    case (.constant(let left), .activation(let right)):
      input = right
      affine = try operation.affine(right, left, isReversed: true, it)
    default: throw it.unsupported("only an image and a constant can be combined")
    }
    return .activation(
      try finished(it, reluField: 0) { (builder, it, _) throws(GoogLeNetError) in
        try builder.add(it, .batchNormalization(affine), [input])
      })
  }

  private mutating func padded(_ it: TFLiteOperator) throws(GoogLeNetError) -> GraphActivation {
    if let value = try constant(it, 2), value.floats.contains(where: { $0 != 0 }) {
      throw it.unsupported("it pads with other values than zeros")
    }
    return try builder.padded(it, try activation(it), try integers(it, 1))
  }
}
