import CKernels

/// The shapes of all layers for an input of a given size. The only place that knows how sizes follow from windows. Reads no
/// trained value, for it also runs whenever a session is made.
public struct ShapeInference {
  /// How errors name the model.
  let source: String

  public init(source: String) {
    self.source = source
  }

  /// - Parameter inputs: for each layer the indices of the layers that it reads; −1 is the network's input.
  /// - Throws: `invalidModel` or, for an input that the layers cannot take, `unsupported`.
  func shapes(of network: Network, inputs: [[Int]], input: Shape) throws(GoogLeNetError) -> [Shape] {
    var shapes: [Shape] = []
    shapes.reserveCapacity(network.layers.count)
    for (index, layer) in network.layers.enumerated() {
      var read: [Shape] = []
      read.reserveCapacity(inputs[index].count)
      for producer in inputs[index] { read.append(producer < 0 ? input : shapes[producer]) }
      let shape = try self.shape(of: layer, read)
      guard shape.channels <= NetworkValidator.channelLimit, shape.height * shape.width <= NetworkValidator.pixelLimit
      else {
        throw fault(layer, "its output of \(text(shape)) is too large")
      }
      shapes.append(shape)
    }
    return shapes
  }

  /// The shape of one layer's output.
  public func shape(of layer: Layer, _ inputs: [Shape]) throws(GoogLeNetError) -> Shape {
    guard let input = inputs.first else { throw fault(layer, "it has no input") }
    if case .concat = layer.operation { return try concatenation(layer, inputs) }
    guard inputs.count == 1 else { throw fault(layer, "it has \(inputs.count) inputs instead of one") }
    switch layer.operation {
    case .convolution(let convolution): return try self.convolution(layer, convolution, input)
    case .pooling(let pooling): return try self.pooling(layer, pooling, input)
    case .innerProduct(let innerProduct): return try self.innerProduct(layer, innerProduct, input)
    case .localResponseNormalization(let normalization):
      guard normalization.size % 2 == 1, normalization.size <= Int(GLN_LARGEST_NORMALIZATION_SIZE) else {
        throw fault(
          layer,
          "its size is \(normalization.size): an odd number up to \(GLN_LARGEST_NORMALIZATION_SIZE) is needed")
      }
      guard normalization.alpha.isFinite, normalization.alpha >= 0, normalization.beta.isFinite,
        normalization.beta >= 0, normalization.k.isNormal, normalization.k > 0
      else {
        throw fault(layer, "alpha and beta must be at least 0 and finite, and k a normal number above 0")
      }
      return input
    case .batchNormalization(let normalization):
      try check(normalization, layer, input)
      return input
    case .softmax:
      guard input.height == 1, input.width == 1 else {
        throw fault(layer, "a Softmax over \(text(input)): it must be reduced to 1 x 1 pixel before")
      }
      return input
    case .relu, .dropout, .concat: return input
    }
  }

  private func concatenation(_ layer: Layer, _ inputs: [Shape]) throws(GoogLeNetError) -> Shape {
    var result = Shape(channels: 0, height: inputs[0].height, width: inputs[0].width)
    for input in inputs {
      guard input.height == result.height, input.width == result.width else {
        throw fault(layer, "it joins \(text(inputs[0])) and \(text(input)), which differ in height or width")
      }
      result.channels += input.channels
      guard result.channels <= NetworkValidator.channelLimit else {
        throw fault(layer, "it makes more than \(NetworkValidator.channelLimit) channels")
      }
    }
    return result
  }

  private func convolution(_ layer: Layer, _ it: Convolution, _ input: Shape) throws(GoogLeNetError) -> Shape {
    let dims = it.weights.dims
    guard dims.count == 4 else { throw fault(layer, "its weights have \(dims.count) dimensions instead of 4") }
    try check(layer, "stride", it.strideHeight, it.strideWidth)
    try check(layer, "dilation", it.dilationHeight, it.dilationWidth)
    try check(layer, "kernel", dims[2], dims[3])
    guard dims[0] <= NetworkValidator.channelLimit else { throw fault(layer, "it has \(dims[0]) output channels") }
    guard it.groups >= 1, it.groups <= input.channels, input.channels % it.groups == 0, dims[0] % it.groups == 0 else {
      throw fault(
        layer, "\(it.groups) groups do not divide \(input.channels) input channels and \(dims[0]) output channels")
    }
    guard dims[1] == input.channels / it.groups else {
      throw fault(
        layer, "its weights are for \(dims[1]) input channels a group, its input has \(input.channels / it.groups)")
    }
    if let bias = it.bias { try checkVector(bias, "bias", dims[0], layer) }
    try check(layer, it.padding)
    let height = (dims[2] - 1) * it.dilationHeight + 1
    let width = (dims[3] - 1) * it.dilationWidth + 1
    // Memory is taken for padding: a small file must not ask for much.
    guard max(it.padding.top, it.padding.bottom) < height + NetworkValidator.idlePaddingLimit,
      max(it.padding.left, it.padding.right) < width + NetworkValidator.idlePaddingLimit
    else {
      throw fault(
        layer,
        "its padding is over \(NetworkValidator.idlePaddingLimit) pixels larger than what its kernel of \(dims[2]) x "
          + "\(dims[3]) can reach")
    }
    return Shape(
      channels: dims[0],
      height: try windows(
        layer, input.height, height, it.strideHeight, it.padding.top, it.padding.bottom, .floor),
      width: try windows(layer, input.width, width, it.strideWidth, it.padding.left, it.padding.right, .floor))
  }

  private func pooling(_ layer: Layer, _ it: Pooling, _ input: Shape) throws(GoogLeNetError) -> Shape {
    if it.global { return Shape(channels: input.channels, height: 1, width: 1) }
    try check(layer, "stride", it.strideHeight, it.strideWidth)
    try check(layer, "kernel", it.kernelHeight, it.kernelWidth)
    try check(layer, it.padding)
    // A window wholly in the padding would have no maximum and divide by zero.
    guard max(it.padding.top, it.padding.bottom) < it.kernelHeight,
      max(it.padding.left, it.padding.right) < it.kernelWidth
    else {
      throw fault(layer, "its padding is not smaller than its kernel of \(it.kernelHeight) x \(it.kernelWidth)")
    }
    return Shape(
      channels: input.channels,
      height: try windows(
        layer, input.height, it.kernelHeight, it.strideHeight, it.padding.top, it.padding.bottom, it.rounding),
      width: try windows(
        layer, input.width, it.kernelWidth, it.strideWidth, it.padding.left, it.padding.right, it.rounding))
  }

  /// How many windows of `extent` pixels, `stride` apart, fit along one side.
  private func windows(
    _ layer: Layer, _ size: Int, _ extent: Int, _ stride: Int, _ before: Int, _ after: Int,
    _ rounding: Pooling.Rounding
  ) throws(GoogLeNetError) -> Int {
    let span = size + before + after - extent
    guard span >= 0 else {
      throw GoogLeNetError(
        .unsupported,
        "\(source): layer '\(layer.name)': a window of \(extent) pixels does not fit an input of \(size) with padding \(before) + \(after): the network's input is too small"
      )
    }
    guard rounding == .ceil else { return span / stride + 1 }
    let count = (span + stride - 1) / stride + 1
    // Caffe and PyTorch: the last window must start inside the image or its leading padding.
    return (count - 1) * stride >= size + before ? count - 1 : count
  }

  private func innerProduct(_ layer: Layer, _ it: InnerProduct, _ input: Shape) throws(GoogLeNetError) -> Shape {
    let dims = it.weights.dims
    guard dims.count == 2 else { throw fault(layer, "its weights have \(dims.count) dimensions instead of 2") }
    guard dims[0] <= NetworkValidator.channelLimit else { throw fault(layer, "it has \(dims[0]) outputs") }
    guard dims[1] == input.count else {
      throw GoogLeNetError(
        .unsupported,
        "\(source): layer '\(layer.name)': its weights are for \(dims[1]) inputs, but it gets \(text(input)) = \(input.count)"
      )
    }
    guard input.height <= NetworkValidator.windowLimit, input.width <= NetworkValidator.windowLimit else {
      throw fault(layer, "an inner product over \(text(input)) is not supported")
    }
    if let bias = it.bias { try checkVector(bias, "bias", dims[0], layer) }
    return Shape(channels: dims[0], height: 1, width: 1)
  }

  private func check(_ it: BatchNormalization, _ layer: Layer, _ input: Shape) throws(GoogLeNetError) {
    guard (it.mean == nil) == (it.variance == nil) else { throw fault(layer, "mean and variance come only together") }
    guard it.epsilon.isFinite, it.epsilon >= 0 else { throw fault(layer, "epsilon must be at least 0") }
    try Operation.batchNormalization(it).forEachTensor { (field, tensor) throws(GoogLeNetError) in
      try checkVector(tensor, field, input.channels, layer)
    }
  }

  private func checkVector(_ tensor: Tensor, _ field: StaticString, _ count: Int, _ layer: Layer)
    throws(GoogLeNetError)
  {
    guard tensor.dims.count == 1, tensor.dims[0] == count else {
      throw fault(layer, "its \(field) must have one dimension of \(count) values, not \(tensor.count) values")
    }
  }

  private func check(_ layer: Layer, _ what: StaticString, _ height: Int, _ width: Int) throws(GoogLeNetError) {
    guard 1...NetworkValidator.windowLimit ~= height, 1...NetworkValidator.windowLimit ~= width else {
      throw fault(layer, "its \(what) is \(height) x \(width): 1 to \(NetworkValidator.windowLimit) is supported")
    }
  }

  private func check(_ layer: Layer, _ padding: Padding) throws(GoogLeNetError) {
    let limit = 0...NetworkValidator.windowLimit
    guard limit ~= padding.top, limit ~= padding.left, limit ~= padding.bottom, limit ~= padding.right else {
      throw fault(layer, "its padding is beyond \(NetworkValidator.windowLimit) pixels")
    }
  }

  private func text(_ shape: Shape) -> String { "\(shape.channels) x \(shape.height) x \(shape.width)" }

  private func fault(_ layer: Layer, _ what: String) -> GoogLeNetError {
    GoogLeNetError(.invalidModel, "\(source): layer '\(layer.name)': \(what)")
  }
}
