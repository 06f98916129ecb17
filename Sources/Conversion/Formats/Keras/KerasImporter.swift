import GoogLeNet

/// Builds the network of a Keras model from its configuration and its trained arrays.
struct KerasImporter {
  private typealias Operands = GraphOperands<KerasLayer>

  private let file: InputFile
  private let model: KerasModel
  private let weights: KerasWeights
  private var builder: GraphBuilder
  private var values: [String: GraphValue] = [:]
  private var inputName = ""

  static func network(
    of model: KerasModel, _ weights: KerasWeights, source: SourceFormat, options: ConversionOptions,
    file: InputFile
  ) throws(GoogLeNetError) -> ImportedNetwork {
    var importer = KerasImporter(file, model, weights, options)
    return try importer.network(source)
  }

  private init(_ file: InputFile, _ model: KerasModel, _ weights: KerasWeights, _ options: ConversionOptions) {
    self.file = file
    self.model = model
    self.weights = weights
    builder = GraphBuilder(file, options)
  }

  private mutating func network(_ source: SourceFormat) throws(GoogLeNetError) -> ImportedNetwork {
    let (needed, output) = try neededLayers()
    try refuseUnsupported(needed)
    try readInput(needed)
    for layer in needed where layer.type != "InputLayer" {
      values[layer.name] = .activation(try convert(operands(layer)))
    }
    let layers = try builder.finish(values[output], output)
    return builder.network(source, name: model.name, preprocessing(layers))
  }

  /// Keras files do not tell how pixels were scaled, unless the network itself does it.
  private func preprocessing(_ layers: [Layer]) -> PreprocessingDefaults {
    if let result = PreprocessingDefaults.ofOwnNormalization(layers, builder.input) { return result }
    let channels = builder.input?.shape.channels ?? 0
    var result = PreprocessingDefaults.plain(
      channels == 1 ? .gray : .rgb, reason: "a guess, for Keras files do not tell it: check how the network was trained"
    )
    result.scale = [Float](repeating: 1 / 255, count: channels)
    return result
  }

  // MARK: - Graph

  /// The layers on which the main output depends, in order.
  private mutating func neededLayers() throws(GoogLeNetError) -> (layers: [KerasLayer], output: String) {
    let layers = model.layers
    var places: [String: Int] = [:]
    for (index, layer) in layers.enumerated() {
      guard places.updateValue(index, forKey: layer.name) == nil else {
        throw layer.invalid("another layer has the same name")
      }
    }
    let sources = layers.map { $0.inputs.compactMap { places[$0] } }
    guard let head = MainHead.choose(model.outputs.map { places[$0] }, sources) else {
      throw file.invalid("no layer makes any of its outputs")
    }
    for index in head.nodes {
      for input in layers[index].inputs where places[input].map({ $0 >= index }) ?? true {
        throw layers[index].invalid("it reads '\(input)', which no layer before it makes")
      }
    }
    let kept = Set(head.nodes)
    builder.notes += MainHead.notes(
      outputs: model.outputs, chosen: model.outputs[head.output],
      nodes: layers.indices.filter { !kept.contains($0) }.map { layers[$0].name })
    return (head.nodes.map { layers[$0] }, model.outputs[head.output])
  }

  private static let supported: Set<String> = [
    "Activation", "AveragePooling2D", "BatchNormalization", "Concatenate", "Conv2D", "Dense", "Dropout", "Flatten",
    "GlobalAveragePooling2D", "InputLayer", "MaxPooling2D", "Normalization", "Rescaling", "Softmax", "ZeroPadding2D",
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
    try UnsupportedNodes.refuse(
      layers, beyond: KerasImporter.supported.union(GraphElementwise.keras.keys), "layers", word: "", file)
  }

  private mutating func readInput(_ needed: [KerasLayer]) throws(GoogLeNetError) {
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
    // A sequential model's first layer may declare the input.
    inputName = source.name
    let names = Set(model.layers.map(\.name))
    if source.type != "InputLayer" {
      repeat { inputName += "_input" } while names.contains(inputName)
    }
    values[inputName] = .activation(
      try builder.readInput(
        source, name: inputName, dims: [nil] + sizes.dropFirst(), axes: GraphActivation.channelsLast))
  }

  private func operands(_ layer: KerasLayer) -> Operands {
    GraphOperands(
      layer,
      (layer.inputs.isEmpty ? [inputName] : layer.inputs).map { name in
        values[name].map { .value($0, name: name) } ?? .unmade(name: name)
      })
  }

  // MARK: - Layers

  private mutating func convert(_ it: Operands) throws(GoogLeNetError) -> GraphActivation {
    let layer = it.node
    let input = try it.activation()
    let elementwise = GraphElementwise.keras[layer.type]
    guard it.indices.count == 1 || layer.type == "Concatenate" || elementwise?.joins == true else {
      throw layer.unsupported("it reads \(it.indices.count) values instead of one")
    }
    switch layer.type {
    case "Conv2D": return try convolution(layer, input)
    case "MaxPooling2D", "AveragePooling2D": return try pooling(layer, input)
    case "ZeroPadding2D": return try zeroPadding(layer, input)
    case "Dropout":
      builder.dropped.append(layer.name)
      return input
    default: break
    }
    let inputs = try it.activations(it.indices)
    guard inputs.allSatisfy({ $0.padding == Padding() }) else {
      throw layer.unsupported("it follows a ZeroPadding2D: only a convolution or pooling may")
    }
    if let elementwise {
      // Keras 3 gives the same name to what adds a number or an array, which are no inputs.
      guard !elementwise.joins || inputs.count > 1 else {
        throw layer.unsupported("it adds less than two layers' results")
      }
      return try builder.apply(elementwise, it, trained: try slopes(layer))
    }
    switch layer.type {
    case "Dense": return try dense(layer, input)
    case "GlobalAveragePooling2D":
      try layer.checkChannelsLast()
      return try builder.globalPooling(layer, .average, input, keepsAxes: layer.bool("keepdims", false))
    case "BatchNormalization":
      return try builder.add(layer, .batchNormalization(try batchNormalization(layer, input)), [input])
    case "Rescaling": return try builder.add(layer, .batchNormalization(try rescaling(layer, input)), [input])
    case "Normalization": return try builder.add(layer, .batchNormalization(try normalization(layer, input)), [input])
    case "Activation": return try activation(layer, try layer.activation(), input)
    case "Softmax": return try builder.softmax(layer, input, axis: try axis(layer, input, layer.config["axis"]))
    case "Concatenate":
      return try builder.concat(layer, inputs, axis: try axis(layer, input, layer.config["axis"]))
    case "Flatten":
      try layer.checkChannelsLast()
      return try builder.flattened(layer, input)
    default: throw layer.unsupported("this class is not supported")
    }
  }

  private mutating func activation(_ layer: KerasLayer, _ activation: String, _ input: GraphActivation)
    throws(GoogLeNetError) -> GraphActivation
  {
    if let known = GraphElementwise.kerasActivations[activation] { return try builder.apply(known, layer, input) }
    switch activation {
    case "linear": return input
    case "softmax": return try builder.softmax(layer, input)
    default:
      let names = (["linear", "softmax"] + GraphElementwise.kerasActivations.keys).sorted().joined(separator: ", ")
      throw layer.unsupported("the activation '\(activation)': of these \(names) are supported")
    }
  }

  /// What a PReLU has learnt, whose dimensions are the input's without images and with 1 for shared axes.
  private func slopes(_ layer: KerasLayer) throws(GoogLeNetError) -> GraphConstant? {
    guard layer.type == "PReLU" else { return nil }
    let dims = try weights.dims(layer, "alpha", number: 0)
    let slopes = try weights.tensor(layer, "alpha", number: 0, dims: dims)
    return try GraphConstant(dims: dims, count: slopes.count, of: Float.self, file.budget) { .floats(slopes.floats()) }
  }

  /// The activation that a layer applies to its own result.
  private mutating func activated(_ layer: KerasLayer, _ sum: GraphActivation) throws(GoogLeNetError)
    -> GraphActivation
  {
    let name = try layer.activation()
    var part = layer
    part.layerName = "\(layer.name).\(name)"
    return try activation(part, name, sum)
  }

  /// The axis that a layer works along, the last one where it is not told: all but the channels are refused. A list of one
  /// axis is an axis.
  @discardableResult
  private func axis(_ layer: KerasLayer, _ input: GraphActivation, _ axis: JSONValue?) throws(GoogLeNetError) -> Int {
    var found = -1
    if case .integer(let number)? = axis?.items?.first ?? axis { found = number }
    guard axis?.items?.count ?? 1 == 1, input.isChannel(input.axis(found)) else {
      throw layer.unsupported("it works along axis \(found): only the channels, the last one, are supported")
    }
    return found
  }

  // MARK: - Windows

  private mutating func convolution(_ layer: KerasLayer, _ input: GraphActivation) throws(GoogLeNetError)
    -> GraphActivation
  {
    try layer.checkChannelsLast()
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
    let kernels = try filtersLast.reordered(as: dims, order, to: order.map { dims[$0] }, file.budget)
    let bias =
      layer.bool("use_bias", true) ? try weights.tensor(layer, "bias", number: 1, dims: [filters]) : nil
    let window = GraphWindow(
      kernel: kernel, strides: try layer.pair("strides") ?? [1, 1],
      dilations: try layer.pair("dilation_rate") ?? [1, 1], border: try border(layer))
    return try activated(
      layer, try builder.convolution(layer, input, weights: kernels, bias: bias, window, groups: groups))
  }

  private func border(_ layer: KerasLayer) throws(GoogLeNetError) -> Border {
    switch try layer.text("padding", "valid") {
    case "valid": return .valid
    case "same": return .same(extraFirst: false)
    case let mode: throw layer.unsupported("its padding is '\(mode)': valid and same are supported")
    }
  }

  private mutating func pooling(_ layer: KerasLayer, _ input: GraphActivation) throws(GoogLeNetError)
    -> GraphActivation
  {
    try layer.checkChannelsLast()
    let kernel = try layer.pair("pool_size") ?? [2, 2]
    let window = GraphWindow(
      kernel: kernel, strides: try layer.pair("strides") ?? kernel, border: try border(layer))
    return try builder.pooling(layer, layer.type == "MaxPooling2D" ? .max : .average, input, window)
  }

  private func zeroPadding(_ layer: KerasLayer, _ input: GraphActivation) throws(GoogLeNetError) -> GraphActivation {
    try layer.checkChannelsLast()
    guard input.axes == GraphActivation.channelsLast else {
      throw layer.unsupported("it reads a flattened value: rows and columns are needed")
    }
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
    return try builder.padded(layer, input, [0, 0] + sides + [0, 0])
  }

  // MARK: - Matrices and normalization

  private mutating func dense(_ layer: KerasLayer, _ input: GraphActivation) throws(GoogLeNetError)
    -> GraphActivation
  {
    guard input.axes.count == 2 || input.isPixel else {
      throw layer.unsupported("it works on each pixel of an image: a Flatten or GlobalAveragePooling2D must come first")
    }
    guard case .integer(let units)? = layer.config["units"], 1...65536 ~= units else {
      throw layer.invalid("its units are not a number above 0")
    }
    let kernel = try weights.tensor(layer, "kernel", number: 0, dims: [input.shape.count, units])
    let bias = layer.bool("use_bias", true) ? try weights.tensor(layer, "bias", number: 1, dims: [units]) : nil
    var sum = try builder.innerProduct(
      layer, try builder.flattened(layer, input), weights: kernel, isInputsFirst: true, bias: bias)
    // Of an image of one pixel it leaves such an image.
    if input.axes.count == 4 { sum.axes = input.axes }
    return try activated(layer, sum)
  }

  private func batchNormalization(_ layer: KerasLayer, _ input: GraphActivation) throws(GoogLeNetError)
    -> BatchNormalization
  {
    try axis(layer, input, layer.config["axis"])
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

  private func rescaling(_ layer: KerasLayer, _ input: GraphActivation) throws(GoogLeNetError) -> BatchNormalization {
    try affine(
      layer, scale: try perChannel(layer, "scale", input) ?? [1], shift: try perChannel(layer, "offset", input) ?? [0],
      input)
  }

  /// (x − mean) / standard deviation, of numbers in the configuration or learnt ones.
  private func normalization(_ layer: KerasLayer, _ input: GraphActivation) throws(GoogLeNetError) -> BatchNormalization
  {
    guard !layer.bool("invert", false) else { throw layer.unsupported("its inverse is not supported") }
    if let axis = layer.config["axis"], !axis.isNull, axis.items?.isEmpty != true {
      try self.axis(layer, input, axis)
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
  private func perChannel(_ layer: KerasLayer, _ key: String, _ input: GraphActivation) throws(GoogLeNetError)
    -> [Double]?
  {
    guard var value = layer.config[key], !value.isNull else { return nil }
    if let inner = value["config"]?["value"] { value = inner }
    while let items = value.items, items.count == 1 { value = items[0] }
    let numbers = (value.items ?? [value]).compactMap(\.double)
    guard numbers.count == value.items?.count ?? 1, numbers.allSatisfy(\.isFinite) else {
      throw layer.unsupported("its \(key) is neither a number nor one for each channel")
    }
    return numbers
  }

  private func affine(_ layer: KerasLayer, scale: [Double], shift: [Double], _ input: GraphActivation)
    throws(GoogLeNetError)
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
    guard input.axes.count == 4 || input.isPixel else {
      throw layer.unsupported("it reads a flattened image")
    }
    var result = BatchNormalization()
    result.scale = try tensor(scale, "scale")
    result.shift = try tensor(shift, "shift")
    return result
  }
}
