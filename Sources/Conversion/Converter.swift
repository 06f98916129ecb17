import GoogLeNet

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// Turns trained files of other programs into networks.
public enum Converter {
  /// Converts a file, whose format is told by its content, what comes through a pipe, or a SavedModel's folder.
  /// - Parameter path: as `PathText` has it.
  /// - Throws: `ioError` where a file cannot be read, `invalidModel` where one is broken, `unsupported` where it is of
  /// another format or has what a GoogLeNet model cannot express, `invalidArgument` where the options do not fit it.
  /// The message names the file and the layer, node or key.
  public static func convert(path: String, options: ConversionOptions) throws(GoogLeNetError) -> ConversionResult {
    let budget = ValueBudget(name: path, limit: options.memoryLimit)
    let mapped: MappedFile
    let folder: String?
    if isFolder(path) {
      mapped = try savedModel(inFolder: path, options, budget)
      folder = path
    } else {
      mapped = try MappedFile(path: path, readingStreams: true)
      budget.count(mapped, path: path)
      folder = mapped.isStream ? nil : InputFile.folder(of: path)
    }
    let file = InputFile(
      name: path, folder: folder, bytes: mapped.bytes, budget: budget, followsLinks: options.followsLinks)
    return try withExtendedLifetime(mapped) { () throws(GoogLeNetError) in try convert(file, options) }
  }

  private static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return PathText.withCString(path) { stat($0, &status) } == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// The file in a folder that is converted for it.
  private static func savedModel(
    inFolder path: String, _ options: ConversionOptions, _ budget: ValueBudget
  ) throws(GoogLeNetError) -> MappedFile {
    let name = "saved_model.pb"
    guard PathText.withCString("\(path)/\(name)", { access($0, F_OK) }) == 0 else {
      throw GoogLeNetError(
        .ioError, "'\(path)' is a folder, and not that of a TensorFlow SavedModel: it has no \(name)")
    }
    let folder = InputFile(
      name: path, folder: path, bytes: UnsafeRawBufferPointer(start: nil, count: 0), budget: budget,
      followsLinks: options.followsLinks)
    return try CompanionFile.map(name, of: folder, "its graph")
  }

  /// Converts a file in memory. Weights in other files (ONNX external data) cannot be reached.
  /// - Parameter name: how errors name it.
  public static func convert(bytes: UnsafeRawBufferPointer, named name: String, options: ConversionOptions)
    throws(GoogLeNetError) -> ConversionResult
  {
    let budget = ValueBudget(name: name, limit: options.memoryLimit)
    budget.count(bytes: bytes.count)
    return try convert(InputFile(name: name, folder: nil, bytes: bytes, budget: budget), options)
  }

  private static func convert(_ file: InputFile, _ options: ConversionOptions) throws(GoogLeNetError)
    -> ConversionResult
  {
    guard file.bytes.count < InputFile.sizeLimit else {
      throw file.unsupported("it has \(file.bytes.count) bytes: files up to 2 GiB can be converted")
    }
    if let size = options.inputSize { try check(size, file) }
    let kind = FileKind(file)
    guard options.prototxtPath == nil || kind == .caffe else {
      throw GoogLeNetError(.invalidArgument, "'\(file.name)': a prototxt belongs to a caffemodel, which this is not")
    }
    var imported: ImportedNetwork
    switch kind {
    case .caffe: imported = try CaffeImporter.network(of: file, options: options)
    case .onnx: imported = try ONNXImporter.network(of: file, options: options)
    case .zip:
      let archive = try ZipArchive(file)
      if KerasFile.isArchive(archive) {
        imported = try KerasFile.network(of: archive, file, options: options)
      } else {
        let contents = try TorchArchive(archive, file).contents()
        imported = try StateDictImporter.network(of: contents, file: file, options: options)
      }
    case .safetensors:
      imported = try StateDictImporter.network(of: try SafetensorsFile.contents(file), file: file, options: options)
    case .hdf5: imported = try KerasFile.network(ofHDF5: file, options: options)
    case .tensorFlowGraph: imported = try TensorFlowImporter.network(of: file, options: options)
    case .savedModel: imported = try SavedModelImporter.network(of: file, options: options)
    case .tfLite: imported = try TFLiteImporter.network(of: file, options: options)
    case .foreign(let what):
      throw file.unsupported(
        "it is \(what); a Caffe caffemodel, an ONNX model, a PyTorch checkpoint, a safetensors file, a Keras model, a TensorFlow "
          + "GraphDef or SavedModel, or a TFLite model can be converted")
    }
    guard options.transformInput == nil || imported.source.isPyTorch else {
      throw GoogLeNetError(
        .invalidArgument, "'\(file.name)': transform_input belongs to PyTorch's GoogLeNet, which this is not")
    }
    guard let path = options.meanImagePath else { return try finish(imported, file, options) }
    guard kind == .caffe, options.mean == nil else {
      throw GoogLeNetError(
        .invalidArgument,
        kind == .caffe
          ? "'\(path)': a mean image and a mean are both given: leave one out"
          : "'\(file.name)': a mean image belongs to a caffemodel, which this is not")
    }
    let mean = try CaffeMean(
      path: path, channels: imported.inputChannels, size: options.inputSize ?? imported.inputSize ?? (224, 224),
      file.budget)
    var chosen = options
    chosen.mean = mean.values
    imported.notes.append(mean.note)
    return try finish(imported, file, chosen)
  }

  /// Refuses an end whose values are no scores that a softmax could follow.
  private static func checkScores(_ last: Layer, _ layers: [Layer], _ file: InputFile) throws(GoogLeNetError) {
    let isMixed: Bool
    switch last.operation {
    case .sigmoid, .clippedReLU: isMixed = false
    case .sum: isMixed = true
    default: return
    }
    guard !isMixed || layers.contains(where: { last.inputs.contains($0.name) && $0.operation.isSoftmax }) else {
      return
    }
    throw file.unsupported(
      "it ends in '\(last.name)' (\(last.operation.kind)\(isMixed ? " of softmaxes" : "")): a softmax of one value a class, or these "
        + "values themselves, are what is supported: save the network without that end")
  }

  /// Applies the options and what is common to all formats, and validates the network.
  private static func finish(_ imported: ImportedNetwork, _ file: InputFile, _ options: ConversionOptions)
    throws(GoogLeNetError) -> ConversionResult
  {
    var notes = imported.notes
    guard let output = imported.layers.last else { throw file.invalid("it has no layers") }
    var layers = LayerGraph.needed(imported.layers, for: output.name)
    let folded = try LayerGraph.foldingNormalizations(layers, file.budget)
    layers = folded.layers
    if folded.count > 0 {
      notes.append(
        "folded \(folded.count) normalizations, scales or shifts into the layers before them, which took their names")
    }
    if let last = layers.last, !last.operation.isSoftmax {
      try checkScores(last, layers, file)
      var name = "prob"
      while layers.contains(where: { $0.name == name }) || name == imported.inputName { name += "_softmax" }
      layers.append(Layer(name: name, inputs: [last.name], operation: .softmax))
      notes.append("the network ends in '\(last.name)' without a softmax: added one, '\(name)'")
    }
    if options.fixesPadding { notes.append(note(imported.paddingFixes)) }
    let variant = VariantName.of(layers)
    let normalization = LayerGraph.inputNormalization(layers, inputName: imported.inputName)
    if let normalization {
      layers = LayerGraph.removing(normalization.layer, from: layers, readersRead: imported.inputName)
    }
    let (preprocessing, reason) = try preprocessing(imported, normalization?.affine, file, options, &notes)
    let labels = options.labels ?? imported.labels
    if !labels.isEmpty {
      let source = options.labels == nil ? "file itself" : "labels file"
      notes.append("\(Counted.text(labels.count, "label", "labels")) from the \(source)")
    }
    var network = Network(
      name: options.name ?? (imported.name.isEmpty ? variant : imported.name),
      producer: "googlenet \(Version.text) from \(imported.source)", preprocessing: preprocessing,
      labels: [], inputName: imported.inputName, layers: layers)
    notes += try store(&network, imported.quantizations, file, options)
    network.labels = labels
    let metadata = try KeptMetadata(imported.metadata, for: network, options)
    network.metadata = metadata.entries
    notes += metadata.notes
    // Written beside what it is written from.
    let written = network.layers.reduce(0) { $0 + $1.operation.tensors.reduce(0) { $0 + $1.tensor.bytes.count } }
    try file.budget.lend(written) {}
    do throws(GoogLeNetError) {
      _ = try runnable(file) { () throws(GoogLeNetError) in try Model(network: network) }
    } catch {
      try checkLabels(of: network, file, areGiven: options.labels != nil)
      throw error
    }
    return ConversionResult(
      network: network, source: imported.source, variant: variant, preprocessingReason: reason,
      inputNormalization: normalization?.affine, paddingFixes: imported.paddingFixes, notes: notes,
      files: file.budget.counted)
  }

  /// Stores the weights as asked for, or as the file has them.
  /// - Parameter quantizations: how the file stores what layers give.
  /// - Returns: what there is to say about it.
  private static func store(
    _ network: inout Network, _ quantizations: [String: ActivationQuantization], _ file: InputFile,
    _ options: ConversionOptions
  ) throws(GoogLeNetError) -> [String] {
    let isQuantized = network.layers.contains { $0.operation.weights?.elementType.isInteger == true }
    if isQuantized, options.weightStorage ?? .int8 == .int8 {
      // Some importers give each layer its scale themselves.
      guard !network.layers.contains(where: { $0.outputScale != nil }) else { return [] }
      let quantized = network
      let quantization = try runnable(file) { () throws(GoogLeNetError) in
        try ImportedQuantization(quantized, quantizations, file.budget)
      }
      network = quantization.network
      return quantization.notes
    }
    let storage = options.weightStorage ?? .float32
    network.layers = try WeightEncoder.encode(network.layers, as: storage, file.budget)
    for index in network.layers.indices { network.layers[index].outputScale = nil }
    var notes: [String] = []
    if isQuantized { notes.append("the file is quantized: its weights were dequantized") }
    switch storage {
    // 16-bit integers are refused above.
    case .float32, .int16: break
    case .float16: notes.append("weights of convolutions and inner products rounded to float16")
    case .int8:
      notes.append("weights of convolutions and inner products rounded to 8 bits with one scale an output channel")
    }
    return notes
  }

  private static func note(_ fixes: [PaddingFix]) -> String {
    guard !fixes.isEmpty else { return "no padding had to be fixed: all branches fit together as they are" }
    let listed = fixes.map { "the \($0.subject) \($0.fitting.text) instead of \($0.original.text)" }
    return
      "fixed padding, so that the branches can be joined: gave \(listed.joined(separator: ", ")). Check the result: "
      + "with the file's own padding the network cannot have been trained"
  }

  /// - Throws: where the number of labels is all that keeps the network from running.
  private static func checkLabels(of network: Network, _ file: InputFile, areGiven: Bool) throws(GoogLeNetError) {
    var unlabelled = network
    unlabelled.labels = []
    guard let classes = try? Model(network: unlabelled).classCount, classes != network.labels.count else { return }
    throw GoogLeNetError(
      areGiven ? .invalidArgument : .invalidModel,
      "'\(file.name)': \(Counted.text(network.labels.count, "label", "labels")), \(Counted.text(classes, "class", "classes")): "
        + "the \(areGiven ? "labels file" : "file's own list of labels") needs one label for each class, in their order"
    )
  }

  /// Names the file in errors of what makes a model of its network.
  private static func runnable<Result>(_ file: InputFile, _ body: () throws(GoogLeNetError) -> Result)
    throws(GoogLeNetError) -> Result
  {
    do {
      return try body()
    } catch {
      throw GoogLeNetError(error.status, "'\(file.name)': converted, but not a network that can run: \(error.message)")
    }
  }

  /// What the network is fed with, and why that is taken to be right.
  private static func preprocessing(
    _ imported: ImportedNetwork, _ normalization: ChannelAffine?, _ file: InputFile, _ options: ConversionOptions,
    _ notes: inout [String]
  ) throws(GoogLeNetError) -> (Preprocessing, reason: String) {
    guard imported.inputChannels == 1 || imported.inputChannels == 3 else {
      throw file.unsupported("its input has \(imported.inputChannels) channels: 3 (RGB, BGR) or 1 (gray) can be fed")
    }
    let fallback = imported.inputChannels == 1 ? .gray : imported.preprocessing.channelOrder
    let order = options.channelOrder ?? fallback
    guard order.channels == imported.inputChannels else {
      throw GoogLeNetError(
        .invalidArgument,
        "'\(file.name)': its input has \(imported.inputChannels) channels, not the \(order.channels) of the channel order asked for"
      )
    }
    let defaults = imported.preprocessing.reordered(to: order)
    let size = options.inputSize ?? imported.inputSize ?? (224, 224)
    try check(size, file)
    let longer = max(size.height, size.width)
    // The conventional 256 for 224, in proportion.
    var shortSide = (longer * 256 + 112) / 224
    if options.inputSize == nil, let told = defaults.shortSide { shortSide = told }
    var result = Preprocessing(
      inputHeight: size.height, inputWidth: size.width, channelOrder: order,
      mean: try perChannel(options.mean, "mean", order) ?? defaults.mean,
      scale: try perChannel(options.scale, "scale", order) ?? defaults.scale,
      shortSide: shortSide, resizeRule: options.resizeRule ?? defaults.resizeRule ?? .shortSide)
    if let normalization {
      guard normalization.scale.count == order.channels else {
        throw file.invalid("its normalization of the input has \(normalization.scale.count) channels")
      }
      // a * ((p - m) * s) + b = (p - (m - b / (a * s))) * (a * s)
      for channel in 0..<order.channels {
        let scale = Double(result.scale[channel]) * normalization.scale[channel]
        result.mean[channel] = Float(Double(result.mean[channel]) - normalization.shift[channel] / scale)
        result.scale[channel] = Float(scale)
      }
      notes.append("folded the network's own normalization of its input into mean and scale")
    }
    if options.inputSize == nil && imported.inputSize == nil {
      notes.append("the file does not tell the input size: assumed 224 x 224 (--input-size changes it)")
    }
    var sources: [String] = []
    if options.channelOrder == nil { sources.append("channel order") }
    if options.mean == nil { sources.append("mean") }
    if options.scale == nil { sources.append("scale") }
    if options.resizeRule == nil, defaults.resizeRule != nil { sources.append("resize rule") }
    var reasons = sources.isEmpty ? [] : ["\(sources.joined(separator: ", ")): \(defaults.reason)"]
    if options.resizeRule == nil, defaults.resizeRule == nil {
      reasons.append("resize rule: \(result.resizeRule.name), for nothing tells it")
    }
    return (result, reasons.isEmpty ? "as asked for" : reasons.joined(separator: "; "))
  }

  private static func check(_ size: (height: Int, width: Int), _ file: InputFile) throws(GoogLeNetError) {
    guard 1...4096 ~= size.height, 1...4096 ~= size.width else {
      throw GoogLeNetError(
        .invalidArgument, "'\(file.name)': an input of \(size.height) x \(size.width): each side must be 1 to 4096")
    }
  }

  private static func perChannel(_ values: [Float]?, _ what: String, _ order: Preprocessing.ChannelOrder)
    throws(GoogLeNetError) -> [Float]?
  {
    guard let values else { return nil }
    guard values.count == 1 || values.count == order.channels, values.allSatisfy(\.isFinite) else {
      throw GoogLeNetError(
        .invalidArgument, "\(what) has \(values.count) values: give one, or one for each of \(order.channels) channels")
    }
    return values.count == 1 ? [Float](repeating: values[0], count: order.channels) : values
  }
}

extension Operation {
  var isSoftmax: Bool {
    if case .softmax = self { return true }
    return false
  }
}
