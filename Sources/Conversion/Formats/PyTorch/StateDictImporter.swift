import GoogLeNet

/// Builds the network that a state dict of torchvision's GoogLeNet, or of one of its shape with true 5×5 branches or
/// without batch normalization, belongs to. The widths follow from the tensors.
struct StateDictImporter {
  private let file: InputFile
  private let state: StateDict
  private var layers: [Layer] = []
  private var shapes: ImportedShapes
  private var used: Set<String> = []
  private var normalizations = 0

  private static let inputName = "input"
  /// Of every BatchNorm in torchvision's GoogLeNet.
  private static let epsilon: Float = 0.001
  private static let modules: [(stage: String, blocks: [String])] = [
    ("maxpool2", ["3a", "3b"]), ("maxpool3", ["4a", "4b", "4c", "4d", "4e"]), ("maxpool4", ["5a", "5b"]),
  ]

  static func network(of contents: TorchContents, file: InputFile, options: ConversionOptions) throws(GoogLeNetError)
    -> ImportedNetwork
  {
    var importer = StateDictImporter(contents.state.strippingPrefixes(), file, options)
    return try importer.network(contents, options)
  }

  private init(_ state: StateDict, _ file: InputFile, _ options: ConversionOptions) {
    self.file = file
    self.state = state
    shapes = ImportedShapes(file.name, options)
  }

  private mutating func network(_ contents: TorchContents, _ options: ConversionOptions) throws(GoogLeNetError)
    -> ImportedNetwork
  {
    let transformInput = options.transformInput
    let wideKernel = try wideKernel()
    let inputChannels = try entry(weightKey("conv1"), rank: 4).dims[1]
    var value = StateDictImporter.inputName
    let size = options.inputSize ?? (224, 224)
    shapes[value] = Shape(channels: inputChannels, height: size.height, width: size.width)
    if transformInput ?? contents.transformsInput ?? false { value = try inputTransformation(inputChannels) }
    var channels = inputChannels
    func step(_ name: String, kernel: Int, stride: Int = 1) throws(GoogLeNetError) {
      (value, channels) = try convolution(name, value, channels, kernel: kernel, stride: stride)
    }
    try step("conv1", kernel: 7, stride: 2)
    value = try pool("maxpool1", value, kernel: 3, stride: 2)
    try step("conv2", kernel: 1)
    try step("conv3", kernel: 3)
    for (stage, blocks) in StateDictImporter.modules {
      value = try pool(stage, value, kernel: stage == "maxpool4" ? 2 : 3, stride: 2)
      for block in blocks {
        (value, channels) = try inception("inception\(block)", value, channels, wideKernel)
      }
    }
    var average = Pooling(.average)
    average.global = true
    try append("avgpool", [value], .pooling(average))
    try classifier(channels)
    var notes = try checkedNotes()
    notes.append(paddingNote(wideKernel))
    if let asked = transformInput {
      notes.append("torchvision's transform_input is \(asked ? "on" : "off"), as asked for")
    } else if let told = contents.transformsInput {
      notes.append("torchvision's transform_input is \(told ? "on" : "off"): the script's code tells")
    } else if wideKernel == 3 {
      notes.append(
        "torchvision's transform_input is assumed off. torchvision's own pretrained file (googlenet-1378be20.pth) runs with it on: "
          + "for that use --transform-input yes")
    }
    var defaults = PreprocessingDefaults.torchvision
    // Keys and kernels are those of torchvision's own network.
    if wideKernel == 3 && normalizations > 0 { defaults.resizeRule = .torchvision }
    if inputChannels == 1 { defaults = .plain(.gray, reason: "nothing is known of a gray GoogLeNet") }
    return ImportedNetwork(
      source: contents.source, name: "", inputName: StateDictImporter.inputName, layers: layers,
      inputChannels: inputChannels, inputSize: nil, preprocessing: defaults, labels: contents.classes,
      metadata: contents.metadata, paddingFixes: shapes.fixes, notes: notes)
  }

  private func paddingNote(_ wideKernel: Int) -> String {
    guard state.paddings.isEmpty else { return "its convolutions pad as the script tells" }
    let doubt =
      wideKernel == 5
      ? ": 2 around 5 x 5 branches. Code that gives them 1 cannot run, for its branches cannot be joined" : ""
    return
      "the file does not tell padding: each convolution was given half its kernel, which keeps the size\(doubt)"
  }

  /// From torchvision's normalization to that of the network that its weights come from.
  private mutating func inputTransformation(_ channels: Int) throws(GoogLeNetError) -> String {
    let transformation = PreprocessingDefaults.transformInput
    guard channels == transformation.scale.count else {
      throw GoogLeNetError(
        .invalidArgument, "'\(file.name)': transform_input is for three channels, its network has \(channels)")
    }
    var affine = BatchNormalization()
    affine.scale = try Tensor(transformation.scale, dims: [channels], file.budget)
    affine.shift = try Tensor(transformation.shift, dims: [channels], file.budget)
    try append("transform_input", [StateDictImporter.inputName], .batchNormalization(affine))
    return "transform_input"
  }

  // MARK: - Layers

  private mutating func append(_ name: String, _ inputs: [String], _ operation: Operation) throws(GoogLeNetError) {
    _ = try shapes.append(Layer(name: name, inputs: inputs, operation: operation), to: &layers)
  }

  /// The kernel of the third branches: 3 in torchvision's network, 5 in the paper's. The first module tells.
  private func wideKernel() throws(GoogLeNetError) -> Int {
    let key = weightKey("inception3a.branch3.1")
    let dims = try entry(key, rank: 4).dims
    guard dims[2] == dims[3], dims[2] == 3 || dims[2] == 5 else {
      throw mismatch("'\(key)' has the shape \(dims): a kernel of 3 x 3 (torchvision) or 5 x 5 is expected")
    }
    return dims[2]
  }

  /// The key of a convolution's weights: in a module with its batch normalization, or alone.
  private func weightKey(_ name: String) -> String {
    state.entries["\(name).conv.weight"] == nil && state.entries["\(name).weight"] != nil
      ? "\(name).weight" : "\(name).conv.weight"
  }

  /// Convolution, folded BatchNorm where there is one, and ReLU.
  private mutating func convolution(_ name: String, _ input: String, _ inputs: Int, kernel: Int, stride: Int = 1)
    throws(GoogLeNetError) -> (output: String, channels: Int)
  {
    let key = weightKey(name)
    let biasKey = "\(key.dropLast("weight".count))bias"
    let outputs = try entry(key, rank: 4).dims[0]
    var convolution = Convolution(weights: try tensor(key, [outputs, inputs, kernel, kernel]))
    convolution.strideHeight = stride
    convolution.strideWidth = stride
    let half = kernel / 2
    convolution.border = .explicit(
      state.paddings[String(key.dropLast(".weight".count))]
        ?? Padding(top: half, left: half, bottom: half, right: half))
    if state.entries[biasKey] != nil { convolution.bias = try tensor(biasKey, [outputs]) }
    // A plain network has a bias and nothing of a batch normalization.
    let isPlain = convolution.bias != nil && !state.keys.contains { $0.hasPrefix("\(name).bn.") }
    if !isPlain { try normalize(&convolution, name, outputs) }
    try append(name, [input], .convolution(convolution))
    try append("\(name).relu", [name], .relu)
    return ("\(name).relu", outputs)
  }

  private mutating func normalize(_ convolution: inout Convolution, _ name: String, _ outputs: Int)
    throws(GoogLeNetError)
  {
    var normalization = BatchNormalization()
    normalization.scale = try tensor("\(name).bn.weight", [outputs])
    normalization.shift = try tensor("\(name).bn.bias", [outputs])
    normalization.mean = try tensor("\(name).bn.running_mean", [outputs])
    normalization.variance = try tensor("\(name).bn.running_var", [outputs])
    normalization.epsilon = StateDictImporter.epsilon
    guard let affine = ChannelAffine(normalization, channels: outputs) else {
      throw file.invalid("'\(name).bn.running_var' has a variance below -\(StateDictImporter.epsilon)")
    }
    convolution.weights = try affine.scaling(convolution.weights, file.budget)
    convolution.bias = try affine.applied(to: convolution.bias, file.budget)
    normalizations += 1
  }

  /// All of torchvision's poolings round up.
  private mutating func pool(_ name: String, _ input: String, kernel: Int, stride: Int, padding: Int = 0)
    throws(GoogLeNetError) -> String
  {
    var pooling = Pooling(.max)
    pooling.kernelHeight = kernel
    pooling.kernelWidth = kernel
    pooling.strideHeight = stride
    pooling.strideWidth = stride
    pooling.border = .explicit(Padding(top: padding, left: padding, bottom: padding, right: padding))
    pooling.rounding = .ceil
    try append(name, [input], .pooling(pooling))
    return name
  }

  private mutating func inception(_ name: String, _ input: String, _ inputs: Int, _ wideKernel: Int)
    throws(GoogLeNetError) -> (output: String, channels: Int)
  {
    let first = try convolution("\(name).branch1", input, inputs, kernel: 1)
    var second = try convolution("\(name).branch2.0", input, inputs, kernel: 1)
    second = try convolution("\(name).branch2.1", second.output, second.channels, kernel: 3)
    var third = try convolution("\(name).branch3.0", input, inputs, kernel: 1)
    third = try convolution("\(name).branch3.1", third.output, third.channels, kernel: wideKernel)
    let pooled = try pool("\(name).branch4.0", input, kernel: 3, stride: 1, padding: 1)
    let fourth = try convolution("\(name).branch4.1", pooled, inputs, kernel: 1)
    let branches = [first, second, third, fourth]
    try append(name, branches.map(\.output), .concat)
    return (name, branches.reduce(0) { $0 + $1.channels })
  }

  private mutating func classifier(_ inputs: Int) throws(GoogLeNetError) {
    let outputs = try entry("fc.weight", rank: 2).dims[0]
    let weights = try tensor("fc.weight", [outputs, inputs])
    let bias = try tensor("fc.bias", [outputs])
    try append("fc", ["avgpool"], .innerProduct(InnerProduct(weights: weights, bias: bias)))
    try append("softmax", ["fc"], .softmax)
  }

  // MARK: - Keys

  private func entry(_ key: String, rank: Int) throws(GoogLeNetError) -> StateDict.Entry {
    guard let entry = state.entries[key] else { throw mismatch("the key '\(key)' is missing") }
    guard entry.dims.count == rank else {
      throw mismatch("'\(key)' has the shape \(entry.dims): \(rank) dimensions are expected")
    }
    return entry
  }

  private mutating func tensor(_ key: String, _ dims: [Int]) throws(GoogLeNetError) -> Tensor {
    let entry = try entry(key, rank: dims.count)
    guard entry.dims == dims else { throw mismatch("'\(key)' has the shape \(entry.dims): \(dims) is expected") }
    guard dims.checkedProduct != nil else { throw mismatch("'\(key)' has the shape \(dims), which is empty") }
    used.insert(key)
    return try entry.read()
  }

  /// Refuses keys that no layer has; says which were left out on purpose.
  private func checkedNotes() throws(GoogLeNetError) -> [String] {
    var auxiliary: [String: Int] = [:]
    for key in state.keys where !used.contains(key) {
      if let head = ["aux1", "aux2"].first(where: { key.hasPrefix($0 + ".") }) {
        auxiliary[head, default: 0] += 1
      } else if !key.hasSuffix(".bn.num_batches_tracked") {
        throw mismatch("the key '\(key)' is unexpected")
      }
    }
    var notes = [
      normalizations > 0
        ? "folded the \(normalizations) batch normalizations (epsilon 0.001) into their convolutions, in double precision"
        : "it has no batch normalizations; local response normalization, which has no weights to tell, is assumed absent"
    ]
    for head in auxiliary.keys.sorted() {
      notes.append("left out the auxiliary classifier '\(head)' (\(auxiliary[head] ?? 0) tensors)")
    }
    notes.append(
      "left out dropout, which does nothing at inference; added the softmax that the checkpoint's network lacks")
    return notes
  }

  private func mismatch(_ what: String) -> GoogLeNetError {
    file.unsupported("its state dict is not that of a GoogLeNet: \(what)")
  }
}
