import CModelFormat
import CPlatform

/// Turns the bytes of a model file into a `Network`. Checks the format; what the layers say is checked by `NetworkValidator`.
struct ModelReader {
  /// The newest major format version that this reader understands.
  static let formatMajor: UInt64 = 1
  /// What protobuf-c may allocate for everything but the weights.
  private static let headerMemoryLimit = 256 << 20

  /// How errors name the model: "'path'" or "the model in memory".
  private let source: String
  private let owner: MemoryBlock
  private let weights: UnsafeRawBufferPointer

  /// - Parameter owner: keeps the bytes alive as long as any tensor of the network.
  static func read(_ owner: MemoryBlock, source: String) throws(GoogLeNetError) -> Network {
    guard owner.bytes.count > 0 else { throw GoogLeNetError(.invalidModel, "\(source) is empty: not a model file") }
    let layout = try ModelFileLayout(owner.bytes, source: source, owner: owner)
    guard let major = layout.formatMajor, major > 0 else {
      throw GoogLeNetError(
        .invalidModel,
        "\(source) is not a model file (it has no format version): convert trained weights with 'googlenet convert'")
    }
    guard major <= formatMajor else {
      throw GoogLeNetError(
        .unsupportedVersion,
        "\(source) has format version \(major), this library reads up to \(formatMajor): a newer libgooglenet is needed"
      )
    }
    guard let checksum = layout.checksum else {
      throw GoogLeNetError(.invalidModel, "\(source) has no checksum: truncated?")
    }
    guard checksum == layout.digest else {
      throw GoogLeNetError(.invalidModel, "\(source) is corrupted: its checksum does not match its content")
    }
    return try ModelReader(source: source, owner: owner, weights: layout.weights).network(of: layout.header)
  }

  private func network(of header: [UInt8]) throws(GoogLeNetError) -> Network {
    var budget = ModelReader.headerMemoryLimit
    return try withUnsafeMutablePointer(to: &budget) { budget throws(GoogLeNetError) in
      var allocator = ProtobufCAllocator(
        alloc: { budget, size in
          guard let left = budget?.assumingMemoryBound(to: Int.self), size <= left.pointee else { return nil }
          left.pointee -= size
          return gln_allocate_aligned(size, 16)
        },
        free: { _, block in gln_free_aligned(block) },
        allocator_data: UnsafeMutableRawPointer(budget))
      guard
        let message = header.withUnsafeBufferPointer({
          googlenet__model__unpack(&allocator, $0.count, $0.baseAddress)
        })
      else {
        throw GoogLeNetError(
          .invalidModel,
          "\(source) is not a valid model file: its fields do not parse as googlenet.proto describes them")
      }
      defer { googlenet__model__free_unpacked(message, &allocator) }
      return try network(of: message.pointee)
    }
  }

  private func network(of message: Googlenet__Model) throws(GoogLeNetError) -> Network {
    guard let preprocessing = message.preprocessing else { throw invalid("preprocessing is missing") }
    var labels: [String] = []
    labels.reserveCapacity(message.n_labels)
    for index in 0..<message.n_labels {
      labels.append(try string(message.labels[index], "label \(index)"))
    }
    var layers: [Layer] = []
    layers.reserveCapacity(message.n_layers)
    for index in 0..<message.n_layers {
      guard let layer = message.layers[index] else { throw invalid("layer \(index) is empty") }
      layers.append(try self.layer(layer.pointee, index))
    }
    return Network(
      name: try string(message.name, "name"), producer: try string(message.producer, "producer"),
      preprocessing: try self.preprocessing(preprocessing.pointee), labels: labels,
      inputName: try string(message.input_name, "input_name"), layers: layers)
  }

  private func preprocessing(_ message: Googlenet__Preprocessing) throws(GoogLeNetError) -> Preprocessing {
    guard let order = Preprocessing.ChannelOrder(rawValue: message.channel_order.rawValue) else {
      throw invalid(
        "preprocessing.channel_order is \(message.channel_order.rawValue), which this version does not know")
    }
    guard let rule = Preprocessing.ResizeRule(rawValue: message.resize_rule.rawValue) else {
      throw invalid("preprocessing.resize_rule is \(message.resize_rule.rawValue), which this version does not know")
    }
    var result = Preprocessing(
      inputHeight: Int(message.input_height), inputWidth: Int(message.input_width), channelOrder: order,
      mean: [Float](UnsafeBufferPointer(start: message.mean, count: message.n_mean)),
      scale: [Float](UnsafeBufferPointer(start: message.scale, count: message.n_scale)),
      shortSide: Int(message.short_side))
    result.resizeRule = rule
    return result
  }

  private func layer(_ message: Googlenet__Layer, _ index: Int) throws(GoogLeNetError) -> Layer {
    let name = try string(message.name, "the name of layer \(index)")
    var inputs: [String] = []
    for input in 0..<message.n_inputs {
      inputs.append(try string(message.inputs[input], "input \(input) of layer '\(name)'"))
    }
    return Layer(
      name: name, inputs: inputs, operation: try operation(message, name),
      outputScale: message.output_scale == 0 ? nil : message.output_scale)
  }

  private func operation(_ message: Googlenet__Layer, _ name: String) throws(GoogLeNetError) -> Operation {
    switch message.operation_case {
    case GOOGLENET__LAYER__OPERATION_CONVOLUTION: .convolution(try convolution(message.convolution.pointee, name))
    case GOOGLENET__LAYER__OPERATION_POOLING: .pooling(try pooling(message.pooling.pointee, name))
    case GOOGLENET__LAYER__OPERATION_LOCAL_RESPONSE_NORMALIZATION:
      .localResponseNormalization(normalization(message.local_response_normalization.pointee))
    case GOOGLENET__LAYER__OPERATION_BATCH_NORMALIZATION:
      .batchNormalization(try batchNormalization(message.batch_normalization.pointee, name))
    case GOOGLENET__LAYER__OPERATION_RELU: .relu
    case GOOGLENET__LAYER__OPERATION_CONCAT: .concat
    case GOOGLENET__LAYER__OPERATION_INNER_PRODUCT:
      .innerProduct(
        InnerProduct(
          weights: try required(message.inner_product.pointee.weights, "weights", name),
          bias: try tensor(message.inner_product.pointee.bias, "bias", name)))
    case GOOGLENET__LAYER__OPERATION_DROPOUT: .dropout
    case GOOGLENET__LAYER__OPERATION_SOFTMAX: .softmax
    default:
      throw GoogLeNetError(
        .unsupported, "\(source): layer '\(name)' has an operation that this version of libgooglenet does not know")
    }
  }

  private func convolution(_ message: Googlenet__Convolution, _ name: String) throws(GoogLeNetError) -> Convolution {
    var result = Convolution(
      weights: try required(message.weights, "weights", name), bias: try tensor(message.bias, "bias", name))
    result.strideHeight = Int(message.stride_height)
    result.strideWidth = Int(message.stride_width)
    result.padding = Padding(
      top: Int(message.padding_top), left: Int(message.padding_left), bottom: Int(message.padding_bottom),
      right: Int(message.padding_right))
    result.dilationHeight = Int(message.dilation_height)
    result.dilationWidth = Int(message.dilation_width)
    result.groups = Int(message.groups)
    return result
  }

  private func pooling(_ message: Googlenet__Pooling, _ name: String) throws(GoogLeNetError) -> Pooling {
    guard let method = Pooling.Method(rawValue: message.method.rawValue) else {
      throw invalid("layer '\(name)': pooling method \(message.method.rawValue) is neither MAX (0) nor AVERAGE (1)")
    }
    guard let rounding = Pooling.Rounding(rawValue: message.rounding.rawValue) else {
      throw invalid("layer '\(name)': pooling rounding \(message.rounding.rawValue) is neither FLOOR (0) nor CEIL (1)")
    }
    var result = Pooling(method)
    result.global = message.global != 0
    result.kernelHeight = Int(message.kernel_height)
    result.kernelWidth = Int(message.kernel_width)
    result.strideHeight = Int(message.stride_height)
    result.strideWidth = Int(message.stride_width)
    result.padding = Padding(
      top: Int(message.padding_top), left: Int(message.padding_left), bottom: Int(message.padding_bottom),
      right: Int(message.padding_right))
    result.rounding = rounding
    result.countIncludesPadding = message.count_includes_padding != 0
    return result
  }

  private func normalization(_ message: Googlenet__LocalResponseNormalization) -> LocalResponseNormalization {
    LocalResponseNormalization(
      size: Int(message.size), alpha: message.alpha, beta: message.beta, k: message.k,
      alphaPerElement: message.alpha_per_element != 0)
  }

  private func batchNormalization(_ message: Googlenet__BatchNormalization, _ name: String) throws(GoogLeNetError)
    -> BatchNormalization
  {
    var result = BatchNormalization()
    result.mean = try tensor(message.mean, "mean", name)
    result.variance = try tensor(message.variance, "variance", name)
    result.scale = try tensor(message.scale, "scale", name)
    result.shift = try tensor(message.shift, "shift", name)
    result.epsilon = message.epsilon
    return result
  }

  private func required(_ message: UnsafeMutablePointer<Googlenet__Tensor>?, _ field: String, _ name: String)
    throws(GoogLeNetError) -> Tensor
  {
    guard let tensor = try tensor(message, field, name) else { throw invalid("layer '\(name)' has no \(field)") }
    return tensor
  }

  private func tensor(_ message: UnsafeMutablePointer<Googlenet__Tensor>?, _ field: String, _ name: String)
    throws(GoogLeNetError) -> Tensor?
  {
    guard let message = message?.pointee else { return nil }
    guard let elementType = ElementType(rawValue: message.element_type.rawValue) else {
      throw GoogLeNetError(
        .unsupported,
        "\(source): layer '\(name)': \(field) has element type \(message.element_type.rawValue), unknown here")
    }
    let size = UInt64(weights.count)
    guard message.offset <= size, message.length <= size - message.offset else {
      throw invalid(
        "layer '\(name)': \(field) lies at bytes \(message.offset) + \(message.length), but there are only \(size) bytes of weights"
      )
    }
    let start = Int(message.offset)
    var dims: [Int] = []
    for dim in UnsafeBufferPointer(start: message.dims, count: message.n_dims) {
      dims.append(Int(dim))
    }
    return Tensor(
      dims: dims, elementType: elementType,
      scales: [Float](UnsafeBufferPointer(start: message.scales, count: message.n_scales)),
      inputScales: [Float](UnsafeBufferPointer(start: message.input_scales, count: message.n_input_scales)),
      bytes: UnsafeRawBufferPointer(rebasing: weights[start..<start + Int(message.length)]), owner: owner)
  }

  private func string(_ characters: UnsafePointer<CChar>?, _ what: String) throws(GoogLeNetError) -> String {
    guard let characters, let text = String(validatingCString: characters) else {
      throw invalid("\(what) is not valid UTF-8")
    }
    return text
  }

  private func invalid(_ what: String) -> GoogLeNetError {
    GoogLeNetError(.invalidModel, "\(source): \(what)")
  }
}
