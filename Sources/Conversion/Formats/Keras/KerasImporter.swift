import GoogLeNet

/// Builds the network of a Keras model from its configuration and its trained arrays.
struct KerasImporter {
  /// What a Keras layer gives.
  private struct Value {
    /// The layer of ours that makes it, or the network's input.
    var layer: String
    var shape: Shape
    /// Whether Keras sees one row of numbers for each image instead of rows, columns and channels.
    var isFlat = false
    /// Zeros that a ZeroPadding2D put around it, which the next window takes over.
    var padding = Padding()
  }

  private let file: InputFile
  private let model: KerasModel
  private let weights: KerasWeights
  private var layers: [Layer] = []
  private var shapes: ImportedShapes
  private var values: [String: Value] = [:]
  /// Of our layers: whether their output cannot be negative.
  private var isNonNegative: [String: Bool] = [:]
  private var inputName = ""
  private var dropped: [String] = []
  private var notes: [String] = []

  static func network(
    of model: KerasModel, _ weights: KerasWeights, source: SourceFormat, options: ConversionOptions,
    file: InputFile
  ) throws(GoogLeNetError) -> ImportedNetwork {
    var importer = KerasImporter(file, model, weights, options)
    return try importer.network(source, options)
  }

  private init(_ file: InputFile, _ model: KerasModel, _ weights: KerasWeights, _ options: ConversionOptions) {
    self.file = file
    self.model = model
    self.weights = weights
    shapes = ImportedShapes(file.name, options)
  }

  private mutating func network(_ source: SourceFormat, _ options: ConversionOptions)
    throws(GoogLeNetError) -> ImportedNetwork
  {
    let needed = try neededLayers()
    try refuseUnsupported(needed)
    let input = try readInput(needed, options.inputSize)
    for layer in needed where layer.type != "InputLayer" { try convert(layer) }
    guard let output = needed.last.flatMap({ values[$0.name] }), let last = layers.last else {
      throw file.invalid("its output is its input")
    }
    guard output.layer == last.name, output.padding == Padding() else {
      throw file.unsupported("its output is that of a view or padding, not of a layer that computes")
    }
    if !dropped.isEmpty {
      notes.append("left out dropout, which does nothing at inference: \(dropped.joined(separator: ", "))")
    }
    return ImportedNetwork(
      source: source, name: model.name, inputName: inputName, layers: layers, inputChannels: input.shape.channels,
      inputSize: input.declared, preprocessing: preprocessing(input.shape.channels),
      paddingFixes: shapes.fixes, notes: notes)
  }

  /// Keras files do not tell how pixels were scaled, unless the network itself does it.
  private func preprocessing(_ channels: Int) -> PreprocessingDefaults {
    let order: Preprocessing.ChannelOrder = channels == 1 ? .gray : .rgb
    let first = layers.first { $0.inputs.contains(inputName) }
    if let first, case .batchNormalization = first.operation {
      return .plain(order, reason: "the network normalizes pixels itself, but does not tell its channel order: a guess")
    }
    var result = PreprocessingDefaults.plain(
      order, reason: "a guess, for Keras files do not tell it: check how the network was trained")
    result.scale = [Float](repeating: 1 / 255, count: channels)
    return result
  }

  // MARK: - Graph

  /// Of several outputs it is the one on which most layers work: the main head, not an auxiliary one.
  private mutating func neededLayers() throws(GoogLeNetError) -> [KerasLayer] {
    var best: [KerasLayer] = []
    var chosen = ""
    for output in model.outputs.prefix(64) {
      let needed = model.needed(for: output)
      if needed.count > best.count { (best, chosen) = (needed, output) }
    }
    guard !best.isEmpty else { throw file.invalid("no layer makes any of its outputs") }
    var made: Set<String> = []
    for layer in best {
      for input in layer.inputs where !made.contains(input) {
        throw layer.invalid("it reads '\(input)', which no layer before it makes")
      }
      made.insert(layer.name)
    }
    let others = model.outputs.filter { $0 != chosen }
    if !others.isEmpty {
      notes.append("left out the outputs other than '\(chosen)': " + others.map { "'\($0)'" }.joined(separator: ", "))
    }
    let kept = Set(best.map(\.name))
    let left = model.layers.filter { !kept.contains($0.name) }
    if !left.isEmpty {
      notes.append(
        "left out, for the output does not depend on them (auxiliary classifiers): "
          + left.map(\.name).joined(separator: ", "))
    }
    return best
  }

  private static let supported: Set<String> = [
    "Activation", "AveragePooling2D", "BatchNormalization", "Concatenate", "Conv2D", "Dense", "Dropout", "Flatten",
    "GlobalAveragePooling2D", "InputLayer", "MaxPooling2D", "Normalization", "ReLU", "Rescaling", "Softmax",
    "ZeroPadding2D",
  ]

  private func refuseUnsupported(_ layers: [KerasLayer]) throws(GoogLeNetError) {
    for layer in layers {
      if layer.config["layers"]?.items != nil {
        throw layer.unsupported(
          "it is a model within the model: build one functional model of all layers, or export it as ONNX")
      }
      guard layer.uses < 2 else {
        throw layer.unsupported(
          "it is shared: the model calls it \(layer.uses) times, where each layer of a GoogLeNet is called once")
      }
    }
    let unknown = layers.filter { !KerasImporter.supported.contains($0.type) }
    guard unknown.isEmpty else {
      throw file.unsupported(
        "unsupported layers: " + unknown.map { "\($0.type) ('\($0.name)')" }.joined(separator: ", "))
    }
  }

  private mutating func readInput(_ needed: [KerasLayer], _ size: (height: Int, width: Int)?) throws(GoogLeNetError)
    -> (shape: Shape, declared: (height: Int, width: Int)?)
  {
    let sources = needed.filter { $0.type == "InputLayer" || $0.inputs.isEmpty }
    guard sources.count == 1, let source = sources.first else {
      throw file.unsupported(
        "it has \(sources.count) inputs (\(sources.map { "'\($0.name)'" }.joined(separator: ", "))): one image is what a "
          + "GoogLeNet reads")
    }
    guard let dims = (source.config["batch_shape"] ?? source.config["batch_input_shape"])?.items, dims.count == 4 else {
      throw source.unsupported("it does not tell the input's shape: (images, height, width, channels) is needed")
    }
    let sizes = dims.map { (dim) -> Int? in
      if case .integer(let size) = dim { return size }
      return nil
    }
    var declared: (height: Int, width: Int)?
    if let height = sizes[1], let width = sizes[2] { declared = (height, width) }
    let chosen = size ?? declared ?? (sizes[1] ?? 224, sizes[2] ?? 224)
    let shape = Shape(channels: sizes[3] ?? 3, height: chosen.height, width: chosen.width)
    let limit = 1...65536
    guard limit ~= shape.channels, limit ~= shape.height, limit ~= shape.width else {
      throw source.unsupported("an input of \(shape.height) x \(shape.width) x \(shape.channels)")
    }
    // A sequential model's first layer may declare the input.
    inputName = source.name
    let names = Set(model.layers.map(\.name))
    if source.type != "InputLayer" {
      repeat { inputName += "_input" } while names.contains(inputName)
    }
    values[inputName] = Value(layer: inputName, shape: shape)
    shapes[inputName] = shape
    return (shape, declared)
  }

  // MARK: - Layers

  private mutating func convert(_ layer: KerasLayer) throws(GoogLeNetError) {
    var inputs: [Value] = []
    for name in layer.inputs.isEmpty ? [inputName] : layer.inputs {
      guard let value = values[name] else { throw layer.invalid("it reads '\(name)', which makes no image") }
      inputs.append(value)
    }
    guard let input = inputs.first, inputs.count == 1 || layer.type == "Concatenate" else {
      throw layer.unsupported("it reads \(inputs.count) values instead of one")
    }
    switch layer.type {
    case "Conv2D", "MaxPooling2D", "AveragePooling2D", "ZeroPadding2D", "Dropout": break
    default:
      guard inputs.allSatisfy({ $0.padding == Padding() }) else {
        throw layer.unsupported("it follows a ZeroPadding2D: only a convolution or pooling may")
      }
    }
    switch layer.type {
    case "Conv2D": try convolution(layer, input)
    case "Dense": try dense(layer, input)
    case "MaxPooling2D", "AveragePooling2D": try pooling(layer, input)
    case "GlobalAveragePooling2D":
      try checkImage(layer, input)
      var pooling = Pooling(.average)
      pooling.global = true
      try add(layer, .pooling(pooling), input, isFlat: !layer.bool("keepdims", false))
    case "BatchNormalization": try add(layer, .batchNormalization(try batchNormalization(layer, input)), input)
    case "Rescaling": try add(layer, .batchNormalization(try rescaling(layer, input)), input)
    case "Normalization": try add(layer, .batchNormalization(try normalization(layer, input)), input)
    case "Activation": try activation(layer, try layer.activation(), input)
    case "ReLU": try rectifier(layer, input)
    case "Softmax":
      try checkAxis(layer, input, layer.config["axis"], fallback: -1)
      try activation(layer, "softmax", input)
    case "Concatenate": try concatenation(layer, inputs)
    case "ZeroPadding2D": try zeroPadding(layer, input)
    case "Flatten":
      try layer.checkChannelsLast()
      values[layer.name] = Value(layer: input.layer, shape: input.shape, isFlat: true)
    case "Dropout":
      dropped.append(layer.name)
      values[layer.name] = input
    default: throw layer.unsupported("this class is not supported")
    }
  }

  /// Adds a layer whose output is that of the Keras layer.
  private mutating func add(
    _ layer: KerasLayer, _ operation: Operation, _ input: Value, named name: String? = nil, isFlat: Bool? = nil
  ) throws(GoogLeNetError) {
    try append(layer, Layer(name: name ?? layer.name, inputs: [input.layer], operation: operation), [input], isFlat)
  }

  private mutating func append(_ keras: KerasLayer, _ layer: Layer, _ inputs: [Value], _ isFlat: Bool?)
    throws(GoogLeNetError)
  {
    let shape = try shapes.append(layer, to: &layers)
    let known = inputs.map { isNonNegative[$0.layer] ?? false }
    isNonNegative[layer.name] = ActivationEncoding.isNonNegative(layer.operation, [Int](known.indices), known)
    values[keras.name] = Value(layer: layer.name, shape: shape, isFlat: isFlat ?? inputs.contains { $0.isFlat })
  }

  private mutating func activation(_ layer: KerasLayer, _ activation: String, _ input: Value, isPart: Bool = false)
    throws(GoogLeNetError)
  {
    let name = isPart ? "\(layer.name).\(activation)" : layer.name
    switch activation {
    case "linear": values[layer.name] = input
    case "relu": try add(layer, .relu, input, named: name)
    case "softmax":
      guard !input.isFlat || input.shape.height * input.shape.width == 1 else {
        throw layer.unsupported("a softmax over a flattened image")
      }
      try add(layer, .softmax, input, named: name)
    default: throw layer.unsupported("the activation '\(activation)': linear, relu and softmax are supported")
    }
  }

  /// The activation that a layer applies to its own result.
  private mutating func ownActivation(_ layer: KerasLayer) throws(GoogLeNetError) {
    guard let value = values[layer.name] else { return }
    try activation(layer, try layer.activation(), value, isPart: true)
  }

  private mutating func rectifier(_ layer: KerasLayer, _ input: Value) throws(GoogLeNetError) {
    let slope = try layer.number("negative_slope", 0), threshold = try layer.number("threshold", 0)
    guard slope == 0, threshold == 0, layer.config["max_value"]?.isNull ?? true else {
      throw layer.unsupported("only the plain form, without max_value, negative_slope and threshold, is supported")
    }
    try add(layer, .relu, input)
  }

  private mutating func concatenation(_ layer: KerasLayer, _ inputs: [Value]) throws(GoogLeNetError) {
    for input in inputs {
      guard input.isFlat == inputs[0].isFlat, !input.isFlat || input.shape.height * input.shape.width == 1 else {
        throw layer.unsupported("it joins flattened images")
      }
      try checkAxis(layer, input, layer.config["axis"], fallback: -1)
    }
    try append(layer, Layer(name: layer.name, inputs: inputs.map(\.layer), operation: .concat), inputs, nil)
  }

  private func checkImage(_ layer: KerasLayer, _ input: Value) throws(GoogLeNetError) {
    try layer.checkChannelsLast()
    guard !input.isFlat else { throw layer.unsupported("it reads a flattened value: rows and columns are needed") }
  }

  /// Refuses any axis but the channels, the last one; a list of one axis is an axis.
  private func checkAxis(_ layer: KerasLayer, _ input: Value, _ axis: JSONValue?, fallback: Int) throws(GoogLeNetError)
  {
    var found = fallback
    if case .integer(let number)? = axis?.items?.first ?? axis { found = number }
    guard axis?.items?.count ?? 1 == 1, found == -1 || found == (input.isFlat ? 1 : 3),
      !input.isFlat || input.shape.height * input.shape.width == 1
    else { throw layer.unsupported("it works along axis \(found): only the channels, the last one, are supported") }
  }

  // MARK: - Windows

  private mutating func convolution(_ layer: KerasLayer, _ input: Value) throws(GoogLeNetError) {
    try checkImage(layer, input)
    guard let kernel = try layer.pair("kernel_size") else { throw layer.invalid("it has no kernel_size") }
    guard case .integer(let filters)? = layer.config["filters"], 1...65536 ~= filters else {
      throw layer.invalid("its filters are not a number above 0")
    }
    var groups = 1
    if case .integer(let count)? = layer.config["groups"] { groups = count }
    guard groups > 0, input.shape.channels % groups == 0 else {
      throw layer.invalid("\(groups) groups of \(input.shape.channels) channels")
    }
    let dims = kernel + [input.shape.channels / groups, filters]
    let filtersLast = try weights.tensor(layer, "kernel", number: 0, dims: dims)
    let order = [3, 2, 0, 1]
    var convolution = Convolution(
      weights: try filtersLast.reordered(as: dims, order, to: order.map { dims[$0] }, file.budget))
    if layer.bool("use_bias", true) {
      convolution.bias = try weights.tensor(layer, "bias", number: 1, dims: [filters])
    }
    let strides = try layer.pair("strides") ?? [1, 1]
    let dilations = try layer.pair("dilation_rate") ?? [1, 1]
    convolution.strideHeight = strides[0]
    convolution.strideWidth = strides[1]
    convolution.dilationHeight = dilations[0]
    convolution.dilationWidth = dilations[1]
    convolution.groups = groups
    convolution.padding = try padding(layer, input, kernel: kernel, strides: strides, dilations: dilations)
    try add(layer, .convolution(convolution), input)
    try ownActivation(layer)
  }

  /// The layer's own padding, and what a ZeroPadding2D before it adds.
  private mutating func padding(
    _ layer: KerasLayer, _ input: Value, kernel: [Int], strides: [Int], dilations: [Int] = [1, 1]
  ) throws(GoogLeNetError) -> Padding {
    let mode = try layer.text("padding", "valid")
    var result = input.padding
    switch mode {
    case "valid": break
    case "same":
      var padded = input.shape
      padded.height += result.top + result.bottom
      padded.width += result.left + result.right
      let own = Padding.same(padded, kernel: kernel, strides: strides, dilations: dilations)
      result.top += own.top
      result.left += own.left
      result.bottom += own.bottom
      result.right += own.right
      if strides != [1, 1] {
        notes.append("the padding of '\(layer.name)' (same) is that for this input size and stays so at others")
      }
    default: throw layer.unsupported("its padding is '\(mode)': valid and same are supported")
    }
    return result
  }

  private mutating func pooling(_ layer: KerasLayer, _ input: Value) throws(GoogLeNetError) {
    try checkImage(layer, input)
    let kernel = try layer.pair("pool_size") ?? [2, 2]
    let strides = try layer.pair("strides") ?? kernel
    var pooling = Pooling(layer.type == "MaxPooling2D" ? .max : .average)
    if input.padding != Padding() {
      // Zeros count in an average; beside values of at least 0 they are as good as nothing for a maximum.
      guard try layer.text("padding", "valid") == "valid",
        pooling.method == .average || isNonNegative[input.layer] ?? false
      else { throw layer.unsupported("a ZeroPadding2D before it: only before 'valid' pooling after a ReLU") }
      pooling.countIncludesPadding = pooling.method == .average
    }
    pooling.kernelHeight = kernel[0]
    pooling.kernelWidth = kernel[1]
    pooling.strideHeight = strides[0]
    pooling.strideWidth = strides[1]
    pooling.padding = try padding(layer, input, kernel: kernel, strides: strides)
    try add(layer, .pooling(pooling), input)
  }

  private mutating func zeroPadding(_ layer: KerasLayer, _ input: Value) throws(GoogLeNetError) {
    try checkImage(layer, input)
    var sides: [Int] = []
    switch layer.config["padding"] {
    case .integer(let size)?: sides = [size, size, size, size]
    case .array(let items)? where items.count == 2:
      for item in items {
        if case .integer(let size) = item { sides += [size, size] } else { sides += item.sizes ?? [] }
      }
    default: break
    }
    guard sides.count == 4, sides.allSatisfy({ 0...1024 ~= $0 }) else {
      throw layer.invalid("its padding is not one number, two, or two pairs of at least 0")
    }
    var value = input
    value.padding.top += sides[0]
    value.padding.bottom += sides[1]
    value.padding.left += sides[2]
    value.padding.right += sides[3]
    values[layer.name] = value
  }

  // MARK: - Matrices and normalization

  private mutating func dense(_ layer: KerasLayer, _ input: Value) throws(GoogLeNetError) {
    let shape = input.shape
    guard input.isFlat || shape.height * shape.width == 1 else {
      throw layer.unsupported("it works on each pixel of an image: a Flatten or GlobalAveragePooling2D must come first")
    }
    guard case .integer(let units)? = layer.config["units"], 1...65536 ~= units else {
      throw layer.invalid("its units are not a number above 0")
    }
    let (pixels, overflow) = shape.height.multipliedReportingOverflow(by: shape.width)
    let (inputs, tooMany) = pixels.multipliedReportingOverflow(by: shape.channels)
    guard !overflow, !tooMany else { throw layer.unsupported("it reads too large an image") }
    let kernel = try weights.tensor(layer, "kernel", number: 0, dims: [inputs, units])
    // Keras flattens channels last, the model format channels first.
    var product = InnerProduct(
      weights: try kernel.reordered(
        as: [pixels, shape.channels, units], [2, 1, 0], to: [units, inputs], file.budget))
    if layer.bool("use_bias", true) { product.bias = try weights.tensor(layer, "bias", number: 1, dims: [units]) }
    try add(layer, .innerProduct(product), input)
    try ownActivation(layer)
  }

  private func batchNormalization(_ layer: KerasLayer, _ input: Value) throws(GoogLeNetError) -> BatchNormalization {
    try checkAxis(layer, input, layer.config["axis"], fallback: -1)
    let dims = [input.shape.channels]
    var result = BatchNormalization()
    var number = 0
    func next(_ field: String) throws(GoogLeNetError) -> Tensor {
      defer { number += 1 }
      return try weights.tensor(layer, field, number: number, dims: dims)
    }
    if layer.bool("scale", true) { result.scale = try next("gamma") }
    if layer.bool("center", true) { result.shift = try next("beta") }
    result.mean = try next("moving_mean")
    result.variance = try next("moving_variance")
    result.epsilon = Float(try layer.number("epsilon", 1e-3))
    return result
  }

  private func rescaling(_ layer: KerasLayer, _ input: Value) throws(GoogLeNetError) -> BatchNormalization {
    try affine(
      layer, scale: try perChannel(layer, "scale", input) ?? [1], shift: try perChannel(layer, "offset", input) ?? [0],
      input)
  }

  /// (x − mean) / standard deviation, of numbers in the configuration or learnt ones.
  private func normalization(_ layer: KerasLayer, _ input: Value) throws(GoogLeNetError) -> BatchNormalization {
    guard !layer.bool("invert", false) else { throw layer.unsupported("its inverse is not supported") }
    if let axis = layer.config["axis"], !axis.isNull, axis.items?.isEmpty != true {
      try checkAxis(layer, input, axis, fallback: -1)
    }
    func values(_ field: String, _ number: Int) throws(GoogLeNetError) -> [Double] {
      if let given = try perChannel(layer, field, input) { return given }
      let dims = try weights.dims(layer, field, number: number)
      return try weights.tensor(layer, field, number: number, dims: dims).floats().map(Double.init)
    }
    let means = try values("mean", 0), variances = try values("variance", 1)
    guard means.count == variances.count else {
      throw layer.invalid("it has \(means.count) means and \(variances.count) variances")
    }
    let scale = variances.map { 1 / max($0.squareRoot(), 1e-7) }
    return try affine(layer, scale: scale, shift: zip(means, scale).map { -$0 * $1 }, input)
  }

  /// Numbers of the configuration, one for all or one a channel, in lists at any depth; nil where they are missing.
  private func perChannel(_ layer: KerasLayer, _ key: String, _ input: Value) throws(GoogLeNetError) -> [Double]? {
    guard var value = layer.config[key], !value.isNull else { return nil }
    if let inner = value["config"]?["value"] { value = inner }
    while let items = value.items, items.count == 1 { value = items[0] }
    let numbers = (value.items ?? [value]).compactMap(\.double)
    guard numbers.count == value.items?.count ?? 1, numbers.allSatisfy(\.isFinite) else {
      throw layer.unsupported("its \(key) is neither a number nor one for each channel")
    }
    return numbers
  }

  private func affine(_ layer: KerasLayer, scale: [Double], shift: [Double], _ input: Value) throws(GoogLeNetError)
    -> BatchNormalization
  {
    let channels = input.shape.channels
    func tensor(_ values: [Double], _ what: String) throws(GoogLeNetError) -> Tensor {
      guard values.count == 1 || values.count == channels, values.allSatisfy(\.isFinite) else {
        throw layer.invalid("it has \(values.count) values of \(what) for \(channels) channels, or some not finite")
      }
      let all = values.count == 1 ? [Double](repeating: values[0], count: channels) : values
      return try Tensor(all.map(Float.init), dims: [channels], file.budget)
    }
    guard !input.isFlat || input.shape.height * input.shape.width == 1 else {
      throw layer.unsupported("it reads a flattened image")
    }
    var result = BatchNormalization()
    result.scale = try tensor(scale, "scale")
    result.shift = try tensor(shift, "shift")
    return result
  }
}
