import CForeignFormats
import GoogLeNet

/// Reads Caffe networks: a `.caffemodel`, alone or with the structure from a prototxt.
struct CaffeImporter {
  private let file: InputFile
  /// How errors name what the structure was read from.
  private let structureName: String
  private let options: ConversionOptions
  private var shapes: ImportedShapes
  private var notes: [String] = []

  static func network(of file: InputFile, options: ConversionOptions) throws(GoogLeNetError) -> ImportedNetwork {
    let trained = try ForeignMessage(file, what: "a Caffe NetParameter", unpack: caffe__net_parameter__unpack)
    return try withExtendedLifetime(trained) { () throws(GoogLeNetError) in
      let weights = try layers(of: trained.message.pointee, file)
      guard let prototxtPath = options.prototxtPath else {
        var importer = CaffeImporter(file, structureName: file.name, options)
        return try importer.network(trained.message.pointee, weights)
      }
      let mapped = try file.companion(path: prototxtPath)
      let wire = try withExtendedLifetime(mapped) { () throws(GoogLeNetError) in
        try ProtobufText.netParameter(mapped.bytes, name: prototxtPath)
      }
      let charge = try file.budget.charge(wire.count)
      defer { withExtendedLifetime(charge) {} }
      return try wire.withRawBytes { (bytes) throws(GoogLeNetError) in
        let textFile = InputFile(name: prototxtPath, folder: nil, bytes: bytes, budget: file.budget)
        let structure = try ForeignMessage(
          textFile, what: "a Caffe NetParameter", unpack: caffe__net_parameter__unpack)
        return try withExtendedLifetime(structure) { () throws(GoogLeNetError) in
          var importer = CaffeImporter(file, structureName: prototxtPath, options)
          let merged = try importer.merge(try layers(of: structure.message.pointee, textFile), weights)
          var network = try importer.network(structure.message.pointee, merged)
          network.source = .caffe(legacy: trained.message.pointee.n_layer == 0)
          return network
        }
      }
    }
  }

  private init(_ file: InputFile, structureName: String, _ options: ConversionOptions) {
    self.file = file
    self.structureName = structureName
    self.options = options
    shapes = ImportedShapes(structureName, options)
  }

  private static func layers(of net: Caffe__NetParameter, _ file: InputFile) throws(GoogLeNetError) -> [CaffeLayer] {
    let count = max(net.n_layer, net.n_layers)
    guard count <= CaffeImporter.layerLimit else {
      throw file.unsupported("it has \(count) layers: at most \(CaffeImporter.layerLimit) are read")
    }
    let current = UnsafeBufferPointer(start: net.layer, count: net.n_layer).compactMap {
      $0.map { CaffeLayer($0.pointee) }
    }
    guard current.isEmpty else { return current }
    return UnsafeBufferPointer(start: net.layers, count: net.n_layers).compactMap { $0.map { CaffeLayer($0.pointee) } }
  }

  /// The structure's layers with the weights of the trained layers of the same names.
  private func merge(_ structure: [CaffeLayer], _ trained: [CaffeLayer]) throws(GoogLeNetError) -> [CaffeLayer] {
    var weights: [String: [CaffeBlob]] = [:]
    for layer in trained where !layer.blobs.isEmpty { weights[layer.name] = layer.blobs }
    var result = structure
    for index in result.indices { result[index].blobs = weights[result[index].name] ?? [] }
    return result
  }

  // MARK: - Structure

  /// A value during the import: which layer of ours makes it, and whether Caffe sees it as a vector by now.
  private struct Value {
    /// The index of the Caffe layer that makes it; nil for an input.
    var producer: Int?
    var blob: String
  }

  private mutating func network(_ net: Caffe__NetParameter, _ all: [CaffeLayer]) throws(GoogLeNetError)
    -> ImportedNetwork
  {
    guard !all.isEmpty else { throw invalid("it has no layers") }
    let sources = all.filter { $0.bottoms.isEmpty && !$0.tops.isEmpty }
    let active = all.filter { $0.isActive && !$0.bottoms.isEmpty }

    // Each blob is made by the last layer above that has it as a top: layers in place make it anew.
    var current: [String: Int] = [:]
    var producers: [[Value]] = []
    for (index, layer) in active.enumerated() {
      producers.append(layer.bottoms.map { Value(producer: current[$0], blob: $0) })
      for top in layer.tops { current[top] = index }
    }
    let needed = try neededLayers(active, producers)

    try refuseUnsupported(needed.map { active[$0] })
    var inputBlobs: [String] = []
    var seen: Set<String> = []
    for index in needed {
      let bottoms = active[index].type == "SoftmaxWithLoss" ? producers[index].prefix(1) : producers[index][...]
      for value in bottoms where value.producer == nil && seen.insert(value.blob).inserted {
        inputBlobs.append(value.blob)
      }
    }
    guard inputBlobs.count == 1, let inputBlob = inputBlobs.first else {
      throw unsupported(
        inputBlobs.isEmpty
          ? "nothing reads an input"
          : "it has \(inputBlobs.count) inputs (\(quoted(inputBlobs))): one image is what a GoogLeNet reads")
    }

    var layers: [Layer] = []
    var names: [Int: String] = [:]
    let taken = Set(needed.map { active[$0].name })
    var inputName = inputBlob
    while taken.contains(inputName) { inputName += "_input" }
    let input = try self.input(net, sources, inputBlob, needed.map { active[$0] })
    let size = options.inputSize ?? input.size ?? (224, 224)
    shapes[inputName] = Shape(channels: input.channels, height: size.height, width: size.width)
    var flattened: Set<Int> = []
    var dropped: [String] = []

    for index in needed {
      let layer = active[index]
      let read = layer.type == "SoftmaxWithLoss" ? [Value](producers[index].prefix(1)) : producers[index]
      let inputs = read.map { value in value.producer.flatMap { names[$0] } ?? inputName }
      guard let first = inputs.first else { throw invalid("layer '\(layer.name)' reads nothing") }
      let isFlat = read.contains { $0.producer.map(flattened.contains) ?? false }
      switch layer.type {
      case "Dropout", "Split", "Flatten":
        if layer.type == "Dropout" { dropped.append(layer.name) }
        if layer.type == "Flatten" {
          guard layer.flattenAxis == 1, layer.flattenEndAxis == -1 || layer.flattenEndAxis == 3 else {
            throw unsupported("layer '\(layer.name)' flattens other than all but the first axis")
          }
        }
        names[index] = first
        if isFlat || layer.type == "Flatten" { flattened.insert(index) }
        continue
      default: break
      }
      if isFlat {
        guard let shape = shapes[first], shape.height * shape.width == 1 || layer.type == "InnerProduct" else {
          throw unsupported("layer '\(layer.name)' (\(layer.type)) reads a flattened value: only InnerProduct may")
        }
      }
      let name = layer.type == "SoftmaxWithLoss" && !taken.contains("prob") && inputName != "prob" ? "prob" : layer.name
      guard !name.isEmpty else { throw invalid("a \(layer.type) layer has no name") }
      let converted = Layer(name: name, inputs: inputs, operation: try operation(layer))
      if layer.type == "Concat" || inputs.count == 1 {
      } else {
        throw unsupported("layer '\(layer.name)' (\(layer.type)) has \(inputs.count) inputs instead of one")
      }
      guard shapes[name] == nil else { throw invalid("two layers are called '\(name)'") }
      _ = try shapes.append(converted, to: &layers)
      names[index] = name
    }
    noteOmissions(active, Set(needed), dropped)
    return ImportedNetwork(
      source: .caffe(legacy: net.n_layer == 0), name: text(net.name), inputName: inputName, layers: layers,
      inputChannels: input.channels, inputSize: input.size, preprocessing: input.preprocessing,
      paddingFixes: shapes.fixes, notes: notes)
  }

  private static let layerLimit = 10_000
  private static let endLimit = 64

  /// The layers on which a layer depends, itself included.
  private static func ancestors(of layer: Int, _ producers: [[Value]]) -> Set<Int> {
    var found: Set<Int> = [layer]
    var pending = [layer]
    while let index = pending.popLast() {
      for value in producers[index] {
        if let producer = value.producer, found.insert(producer).inserted { pending.append(producer) }
      }
    }
    return found
  }

  private static let losses: Set<String> = [
    "Accuracy", "ArgMax", "Silence", "EuclideanLoss", "HingeLoss", "InfogainLoss", "MultinomialLogisticLoss",
    "SigmoidCrossEntropyLoss", "ContrastiveLoss", "HDF5Output",
  ]

  /// The layers on which the network's output depends, in order. Of all ends it is the one on which most layers work,
  /// which is the main head and not an auxiliary one.
  private func neededLayers(_ layers: [CaffeLayer], _ producers: [[Value]]) throws(GoogLeNetError) -> [Int] {
    var read: Set<Int> = []
    for (index, values) in producers.enumerated()
    where !CaffeImporter.losses.contains(layers[index].type) && layers[index].type != "SoftmaxWithLoss" {
      read.formUnion(values.compactMap(\.producer))
    }
    let ends = layers.indices.filter { !CaffeImporter.losses.contains(layers[$0].type) && !read.contains($0) }
    guard ends.count <= CaffeImporter.endLimit else {
      throw unsupported("it has \(ends.count) outputs: at most \(CaffeImporter.endLimit) are compared")
    }
    var best: (rank: (Int, Int), layers: Set<Int>)?
    for index in ends {
      // A softmax with loss is a softmax more than the value that it reads; a plain softmax is better still.
      let kind = layers[index].type == "Softmax" ? 2 : layers[index].type == "SoftmaxWithLoss" ? 1 : 0
      let found = CaffeImporter.ancestors(of: index, producers)
      let rank = (found.count - (kind > 0 ? 1 : 0), kind)
      // Of equal ends the last.
      if best.map({ $0.rank <= rank }) ?? true { best = (rank, found) }
    }
    guard let best else { throw invalid("it has no output") }
    return best.layers.sorted()
  }

  private static let supported: Set<String> = [
    "Convolution", "Pooling", "LRN", "ReLU", "Concat", "InnerProduct", "Dropout", "Softmax", "SoftmaxWithLoss",
    "BatchNorm", "Scale", "Split", "Flatten",
  ]

  private func refuseUnsupported(_ layers: [CaffeLayer]) throws(GoogLeNetError) {
    let unknown = layers.filter { !CaffeImporter.supported.contains($0.type) }
    guard unknown.isEmpty else {
      throw unsupported(
        "unsupported layer types: " + unknown.map { "\($0.type) (layer '\($0.name)')" }.joined(separator: ", "))
    }
  }

  private mutating func noteOmissions(_ layers: [CaffeLayer], _ needed: Set<Int>, _ dropped: [String]) {
    let left = layers.indices.filter { !needed.contains($0) && !CaffeImporter.losses.contains(layers[$0].type) }
    if !left.isEmpty {
      notes.append(
        "left out, for the output does not depend on them (auxiliary classifiers): "
          + left.map { layers[$0].name }.joined(separator: ", "))
    }
    if !dropped.isEmpty {
      notes.append("left out dropout, which does nothing at inference: \(dropped.joined(separator: ", "))")
    }
    for index in needed where layers[index].type == "SoftmaxWithLoss" {
      notes.append("the training loss '\(layers[index].name)' became a softmax")
    }
  }

  // MARK: - Input

  private struct Input {
    var channels: Int
    var size: (height: Int, width: Int)?
    var preprocessing: PreprocessingDefaults
  }

  private mutating func input(
    _ net: Caffe__NetParameter, _ sources: [CaffeLayer], _ blob: String, _ needed: [CaffeLayer]
  ) throws(GoogLeNetError) -> Input {
    var dims: [Int]?
    let declared = texts(net.n_input, net.input)
    if let index = declared.firstIndex(of: blob) {
      if index < net.n_input_shape, let shape = net.input_shape[index] {
        dims = CaffeBlob.dims(shape.pointee)
      } else if 4 * index + 4 <= net.n_input_dim {
        dims = (4 * index..<4 * index + 4).map { Int(net.input_dim[$0]) }
      }
    }
    let makers = sources.filter { $0.tops.contains(blob) }
    let source = makers.first(where: \.isActive) ?? makers.first
    if dims == nil { dims = source?.inputShape }
    if source == nil, !declared.contains(blob) {
      notes.append("no layer makes '\(blob)', which '\(needed.first?.name ?? "")' reads: taken for the input")
    }
    let fed = needed.first { $0.type == "Convolution" || $0.type == "InnerProduct" }
    var input = Input(channels: 3, size: nil, preprocessing: .caffe)
    if let dims {
      guard dims.count == 4, dims.dropFirst().allSatisfy({ 1...65536 ~= $0 }) else {
        throw unsupported("input '\(blob)' has the shape \(dims): (images, channels, height, width) is needed")
      }
      input.channels = dims[1]
      input.size = (dims[2], dims[3])
    } else if let fed, fed.type == "Convolution", let weights = fed.blobs.first, weights.dims.count == 4 {
      let (channels, overflow) = weights.dims[1].multipliedReportingOverflow(by: Int(fed.convolution.group))
      input.channels = overflow ? 0 : channels
    }
    guard 1...65536 ~= input.channels else {
      throw invalid("layer '\(fed?.name ?? "")' is made for \(input.channels) input channels")
    }
    if input.channels == 1 { input.preprocessing = .plain(.gray, reason: "nothing is known of a gray Caffe network") }
    if let transformation = source?.transformation { apply(transformation, to: &input) }
    return input
  }

  /// What a data layer says about the pixels that it fed.
  private mutating func apply(_ it: Caffe__TransformationParameter, to input: inout Input) {
    if input.size == nil, it.crop_size > 0, it.crop_size <= 65536 {
      input.size = (Int(it.crop_size), Int(it.crop_size))
    }
    let means = [Float](UnsafeBufferPointer(start: it.mean_value, count: it.n_mean_value))
    let channels = input.preprocessing.mean.count
    if means.count == channels || means.count == 1 {
      input.preprocessing.mean = means.count == channels ? means : [Float](repeating: means[0], count: channels)
      input.preprocessing.reason = "as the data layer has it, in Caffe's channel order"
    } else if it.mean_file != nil, options.mean == nil, options.meanImagePath == nil {
      notes.append(
        "the data layer subtracts the image in '\(text(it.mean_file))', which the file does not hold: its mean is assumed to be "
          + "\(input.preprocessing.mean.map { "\($0)" }.joined(separator: ", "))")
    }
    if it.scale != 1 { input.preprocessing.scale = [Float](repeating: it.scale, count: channels) }
  }

  // MARK: - Operations

  private func operation(_ layer: CaffeLayer) throws(GoogLeNetError) -> Operation {
    switch layer.type {
    case "Convolution": return .convolution(try convolution(layer))
    case "InnerProduct": return .innerProduct(try innerProduct(layer))
    case "Pooling": return .pooling(try pooling(layer))
    case "BatchNorm": return .batchNormalization(try batchNormalization(layer))
    case "Scale": return .batchNormalization(try scale(layer))
    case "LRN":
      let it = layer.normalization
      guard it.norm_region == CAFFE__LRNPARAMETER__NORM_REGION__ACROSS_CHANNELS else {
        throw unsupported("layer '\(layer.name)' (LRN) normalizes within channels: only across channels is supported")
      }
      return .localResponseNormalization(
        LocalResponseNormalization(
          size: Int(it.local_size), alpha: it.alpha, beta: it.beta, k: it.k, alphaPerElement: false))
    case "ReLU":
      guard layer.negativeSlope == 0 else {
        throw unsupported(
          "layer '\(layer.name)' (ReLU) has the negative slope \(layer.negativeSlope): only 0 is supported")
      }
      return .relu
    case "Concat":
      let axis = layer.concat.has_axis != 0 ? layer.concat.axis : Int32(bitPattern: layer.concat.concat_dim)
      guard layer.concat.has_axis == 0 && layer.concat.has_concat_dim == 0 || axis == 1 || axis == -3 else {
        throw unsupported("layer '\(layer.name)' (Concat) joins along axis \(axis): only 1, the channels, is supported")
      }
      return .concat
    default:
      guard layer.softmaxAxis == 1 || layer.softmaxAxis == -3 else {
        throw unsupported(
          "layer '\(layer.name)' (\(layer.type)) works along axis \(layer.softmaxAxis): only 1 is supported")
      }
      return .softmax
    }
  }

  private func convolution(_ layer: CaffeLayer) throws(GoogLeNetError) -> Convolution {
    let it = layer.convolution
    let kernel = try pair(
      layer, "kernel_size", it.n_kernel_size, it.kernel_size, it.has_kernel_h, it.kernel_h, it.has_kernel_w,
      it.kernel_w, nil)
    let weights = try blob(layer, 0, "weights")
    guard weights.dims.count == 4, weights.dims[0] == Int(it.num_output), weights.dims[2] == kernel.height,
      weights.dims[3] == kernel.width
    else {
      throw invalid(
        "layer '\(layer.name)': its weights are \(weights.text), but \(it.num_output) outputs of \(kernel.height) x \(kernel.width) are described"
      )
    }
    var convolution = Convolution(weights: try tensor(layer, weights, weights.dims))
    if it.bias_term != 0 { convolution.bias = try vector(layer, 1, "bias", count: weights.dims[0]) }
    let stride = try pair(
      layer, "stride", it.n_stride, it.stride, it.has_stride_h, it.stride_h, it.has_stride_w, it.stride_w, 1)
    let pad = try pair(layer, "pad", it.n_pad, it.pad, it.has_pad_h, it.pad_h, it.has_pad_w, it.pad_w, 0)
    let dilation = try pair(layer, "dilation", it.n_dilation, it.dilation, 0, 0, 0, 0, 1)
    convolution.strideHeight = stride.height
    convolution.strideWidth = stride.width
    convolution.padding = Padding(top: pad.height, left: pad.width, bottom: pad.height, right: pad.width)
    convolution.dilationHeight = dilation.height
    convolution.dilationWidth = dilation.width
    convolution.groups = Int(it.group)
    return convolution
  }

  /// A pair that is given as `_h` and `_w` or as a list of none, one or two values.
  private func pair(
    _ layer: CaffeLayer, _ what: String, _ count: Int, _ values: UnsafeMutablePointer<UInt32>?, _ hasHeight: Int32,
    _ height: UInt32, _ hasWidth: Int32, _ width: UInt32, _ fallback: Int?
  ) throws(GoogLeNetError) -> (height: Int, width: Int) {
    if hasHeight != 0 || hasWidth != 0 {
      guard hasHeight != 0 || fallback != nil, hasWidth != 0 || fallback != nil else {
        throw invalid("layer '\(layer.name)' has only one of \(what)'s height and width")
      }
      return (hasHeight != 0 ? Int(height) : fallback ?? 0, hasWidth != 0 ? Int(width) : fallback ?? 0)
    }
    switch (count, values) {
    case (1, .some(let values)): return (Int(values[0]), Int(values[0]))
    case (2, .some(let values)): return (Int(values[0]), Int(values[1]))
    default:
      guard count == 0, let fallback else {
        throw invalid("layer '\(layer.name)' has \(count) values of \(what): one or two are needed")
      }
      return (fallback, fallback)
    }
  }

  private func pooling(_ layer: CaffeLayer) throws(GoogLeNetError) -> Pooling {
    let it = layer.pooling
    let method: Pooling.Method
    switch it.pool {
    case CAFFE__POOLING_PARAMETER__POOL_METHOD__MAX: method = .max
    case CAFFE__POOLING_PARAMETER__POOL_METHOD__AVE: method = .average
    default:
      throw unsupported("layer '\(layer.name)' pools by method \(it.pool.rawValue): only MAX and AVE are supported")
    }
    var pooling = Pooling(method)
    if it.global_pooling != 0 {
      pooling.global = true
      return pooling
    }
    guard it.has_kernel_size != 0 || it.has_kernel_h != 0 && it.has_kernel_w != 0 else {
      throw invalid("layer '\(layer.name)' (Pooling) has no kernel size")
    }
    pooling.kernelHeight = Int(it.has_kernel_h != 0 ? it.kernel_h : it.kernel_size)
    pooling.kernelWidth = Int(it.has_kernel_w != 0 ? it.kernel_w : it.kernel_size)
    pooling.strideHeight = Int(it.has_stride_h != 0 ? it.stride_h : it.stride)
    pooling.strideWidth = Int(it.has_stride_w != 0 ? it.stride_w : it.stride)
    let height = Int(it.has_pad_h != 0 ? it.pad_h : it.pad), width = Int(it.has_pad_w != 0 ? it.pad_w : it.pad)
    pooling.padding = Padding(top: height, left: width, bottom: height, right: width)
    switch it.round_mode {
    case CAFFE__POOLING_PARAMETER__ROUND_MODE__CEIL: pooling.rounding = .ceil
    case CAFFE__POOLING_PARAMETER__ROUND_MODE__FLOOR: pooling.rounding = .floor
    default:
      throw unsupported(
        "layer '\(layer.name)' rounds by mode \(it.round_mode.rawValue): only CEIL and FLOOR are supported")
    }
    pooling.countIncludesPadding = method == .average
    return pooling
  }

  private func innerProduct(_ layer: CaffeLayer) throws(GoogLeNetError) -> InnerProduct {
    let it = layer.innerProduct
    guard it.axis == 1 else {
      throw unsupported("layer '\(layer.name)' (InnerProduct) works along axis \(it.axis): only 1 is supported")
    }
    let weights = try blob(layer, 0, "weights")
    // The legacy form has two leading ones.
    let dims =
      weights.dims.count == 4 && weights.dims[0] == 1 && weights.dims[1] == 1
      ? [Int](weights.dims[2...]) : weights.dims
    let outputs = Int(it.num_output)
    guard dims.count == 2, dims[it.transpose != 0 ? 1 : 0] == outputs else {
      throw invalid("layer '\(layer.name)': its weights are \(weights.text), but \(outputs) outputs are described")
    }
    var tensor = try self.tensor(layer, weights, dims)
    if it.transpose != 0 { tensor = try tensor.transposed(file.budget) }
    return InnerProduct(
      weights: tensor, bias: it.bias_term != 0 ? try vector(layer, 1, "bias", count: outputs) : nil)
  }

  private func batchNormalization(_ layer: CaffeLayer) throws(GoogLeNetError) -> BatchNormalization {
    guard layer.blobs.count == 3, layer.blobs[2].count == 1 else {
      throw invalid(
        "layer '\(layer.name)' (BatchNorm) has \(layer.blobs.count) blobs: mean, variance and a factor are needed")
    }
    let factor = layer.blobs[2].values[0]
    let divisor = factor == 0 ? 0 : 1 / Double(factor)
    func scaled(_ index: Int, _ what: String) throws(GoogLeNetError) -> Tensor {
      let values = try vector(layer, index, what, count: layer.blobs[0].count).floats()
      return try Tensor(values.map { Float(Double($0) * divisor) }, dims: [values.count], file.budget)
    }
    var result = BatchNormalization()
    result.mean = try scaled(0, "mean")
    result.variance = try scaled(1, "variance")
    result.epsilon = layer.epsilon
    return result
  }

  private func scale(_ layer: CaffeLayer) throws(GoogLeNetError) -> BatchNormalization {
    guard layer.scaleAxis == 1 || layer.scaleAxis == -3, layer.bottoms.count == 1 else {
      throw unsupported("layer '\(layer.name)' (Scale): only a scale for each channel of one input is supported")
    }
    guard 1...2 ~= layer.blobs.count else {
      throw invalid(
        "layer '\(layer.name)' (Scale) has \(layer.blobs.count) blobs: a scale and perhaps a bias are needed")
    }
    var result = BatchNormalization()
    result.scale = try vector(layer, 0, "scale", count: layer.blobs[0].count)
    if layer.blobs.count > 1 { result.shift = try vector(layer, 1, "bias", count: layer.blobs[0].count) }
    return result
  }

  // MARK: - Weights

  private func blob(_ layer: CaffeLayer, _ index: Int, _ what: String) throws(GoogLeNetError) -> CaffeBlob {
    guard index < layer.blobs.count else {
      throw invalid("layer '\(layer.name)' (\(layer.type)) has no \(what): the file does not hold what was trained")
    }
    return layer.blobs[index]
  }

  private func vector(_ layer: CaffeLayer, _ index: Int, _ what: String, count: Int) throws(GoogLeNetError) -> Tensor {
    let found = try blob(layer, index, what)
    guard found.count == count else {
      throw invalid("layer '\(layer.name)': its \(what) has \(found.count) values instead of \(count)")
    }
    return try found.tensor([count], file.budget)
  }

  private func tensor(_ layer: CaffeLayer, _ blob: CaffeBlob, _ dims: [Int]) throws(GoogLeNetError) -> Tensor {
    guard dims.checkedProduct == blob.count else {
      throw invalid("layer '\(layer.name)': a blob of \(blob.text) does not have as many values as its shape says")
    }
    return try blob.tensor(dims, file.budget)
  }

  // MARK: - Errors

  private func invalid(_ what: String) -> GoogLeNetError {
    GoogLeNetError(.invalidModel, "'\(structureName)': \(what)")
  }

  private func unsupported(_ what: String) -> GoogLeNetError {
    GoogLeNetError(.unsupported, "'\(structureName)': \(what)")
  }

  private func quoted(_ names: [String]) -> String { names.map { "'\($0)'" }.joined(separator: ", ") }
}
