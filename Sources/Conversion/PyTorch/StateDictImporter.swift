import GoogLeNet

/// Builds the network that a state dict of torchvision's GoogLeNet, or of one of its shape with true 5×5 branches,
/// belongs to. The widths follow from the tensors.
struct StateDictImporter {
  private let file: InputFile
  private let state: StateDict
  private var layers: [Layer] = []
  private var used: Set<String> = []

  private static let inputName = "input"
  /// Of every BatchNorm in torchvision's GoogLeNet.
  private static let epsilon: Float = 0.001
  private static let modules: [(stage: String, blocks: [String])] = [
    ("maxpool2", ["3a", "3b"]), ("maxpool3", ["4a", "4b", "4c", "4d", "4e"]), ("maxpool4", ["5a", "5b"]),
  ]

  static func network(of state: StateDict, source: SourceFormat, classes: [String], file: InputFile)
    throws(GoogLeNetError) -> ImportedNetwork
  {
    var importer = StateDictImporter(file: file, state: state.strippingPrefixes())
    return try importer.network(source, classes)
  }

  private init(file: InputFile, state: StateDict) {
    self.file = file
    self.state = state
  }

  private mutating func network(_ source: SourceFormat, _ classes: [String]) throws(GoogLeNetError) -> ImportedNetwork {
    let wideKernel = try wideKernel()
    let inputChannels = try entry("conv1.conv.weight", rank: 4).dims[1]
    var value = StateDictImporter.inputName
    var channels = inputChannels
    func step(_ name: String, kernel: Int, stride: Int = 1) throws(GoogLeNetError) {
      (value, channels) = try convolution(name, value, channels, kernel: kernel, stride: stride)
    }
    try step("conv1", kernel: 7, stride: 2)
    value = pool("maxpool1", value, kernel: 3, stride: 2)
    try step("conv2", kernel: 1)
    try step("conv3", kernel: 3)
    for (stage, blocks) in StateDictImporter.modules {
      value = pool(stage, value, kernel: stage == "maxpool4" ? 2 : 3, stride: 2)
      for block in blocks {
        (value, channels) = try inception("inception\(block)", value, channels, wideKernel)
      }
    }
    var average = Pooling(.average)
    average.global = true
    layers.append(Layer(name: "avgpool", inputs: [value], operation: .pooling(average)))
    try classifier(channels)
    let notes = try checkedNotes()
    var defaults = PreprocessingDefaults.torchvision
    if inputChannels == 1 { defaults = .plain(.gray, reason: "nothing is known of a gray GoogLeNet") }
    var result = ImportedNetwork(
      source: source, name: "", inputName: StateDictImporter.inputName, layers: layers, inputChannels: inputChannels,
      inputSize: nil, preprocessing: defaults, labels: classes, notes: notes)
    if wideKernel == 3 {
      result.notes.append(
        "torchvision's transform_input is assumed off. torchvision's own pretrained file (googlenet-1378be20.pth) runs with it on: "
          + "for that use --mean 127.5 --scale 0.00784313725")
    }
    return result
  }

  // MARK: - Layers

  /// The kernel of the third branches: 3 in torchvision's network, 5 in the paper's. The first module tells.
  private func wideKernel() throws(GoogLeNetError) -> Int {
    let key = "inception3a.branch3.1.conv.weight"
    let dims = try entry(key, rank: 4).dims
    guard dims[2] == dims[3], dims[2] == 3 || dims[2] == 5 else {
      throw mismatch("'\(key)' has the shape \(dims): a kernel of 3 x 3 (torchvision) or 5 x 5 is expected")
    }
    return dims[2]
  }

  /// Convolution, folded BatchNorm and ReLU.
  private mutating func convolution(_ name: String, _ input: String, _ inputs: Int, kernel: Int, stride: Int = 1)
    throws(GoogLeNetError) -> (output: String, channels: Int)
  {
    let key = "\(name).conv.weight"
    let outputs = try entry(key, rank: 4).dims[0]
    var convolution = Convolution(weights: try tensor(key, [outputs, inputs, kernel, kernel]))
    convolution.strideHeight = stride
    convolution.strideWidth = stride
    let padding = kernel / 2
    convolution.padding = Padding(top: padding, left: padding, bottom: padding, right: padding)
    var normalization = BatchNormalization()
    normalization.scale = try tensor("\(name).bn.weight", [outputs])
    normalization.shift = try tensor("\(name).bn.bias", [outputs])
    normalization.mean = try tensor("\(name).bn.running_mean", [outputs])
    normalization.variance = try tensor("\(name).bn.running_var", [outputs])
    normalization.epsilon = StateDictImporter.epsilon
    guard let affine = ChannelAffine(normalization, channels: outputs) else {
      throw file.invalid("'\(name).bn.running_var' has a variance below -\(StateDictImporter.epsilon)")
    }
    convolution.weights = try affine.scaling(convolution.weights)
    convolution.bias = try affine.applied(to: nil)
    layers.append(Layer(name: name, inputs: [input], operation: .convolution(convolution)))
    layers.append(Layer(name: "\(name).relu", inputs: [name], operation: .relu))
    return ("\(name).relu", outputs)
  }

  /// All of torchvision's poolings round up.
  private mutating func pool(_ name: String, _ input: String, kernel: Int, stride: Int, padding: Int = 0) -> String {
    var pooling = Pooling(.max)
    pooling.kernelHeight = kernel
    pooling.kernelWidth = kernel
    pooling.strideHeight = stride
    pooling.strideWidth = stride
    pooling.padding = Padding(top: padding, left: padding, bottom: padding, right: padding)
    pooling.rounding = .ceil
    layers.append(Layer(name: name, inputs: [input], operation: .pooling(pooling)))
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
    let pooled = pool("\(name).branch4.0", input, kernel: 3, stride: 1, padding: 1)
    let fourth = try convolution("\(name).branch4.1", pooled, inputs, kernel: 1)
    let branches = [first, second, third, fourth]
    layers.append(Layer(name: name, inputs: branches.map(\.output), operation: .concat))
    return (name, branches.reduce(0) { $0 + $1.channels })
  }

  private mutating func classifier(_ inputs: Int) throws(GoogLeNetError) {
    let outputs = try entry("fc.weight", rank: 2).dims[0]
    let weights = try tensor("fc.weight", [outputs, inputs])
    let bias = try tensor("fc.bias", [outputs])
    layers.append(
      Layer(name: "fc", inputs: ["avgpool"], operation: .innerProduct(InnerProduct(weights: weights, bias: bias))))
    layers.append(Layer(name: "softmax", inputs: ["fc"], operation: .softmax))
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
    return try Tensor(try entry.read(), dims: dims)
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
    var notes = ["folded the 57 batch normalizations (epsilon 0.001) into their convolutions, in double precision"]
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
