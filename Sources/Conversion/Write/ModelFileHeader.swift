import CModelFormat
import GoogLeNet

/// A network as the fields of a model file: everything but checksum, padding and weights, and where each tensor's bytes
/// go.
struct ModelFileHeader {
  /// The serialized fields.
  let bytes: [UInt8]
  /// The tensors in the order of their bytes in the weights field.
  let tensors: [(offset: Int, bytes: UnsafeRawBufferPointer)]
  /// The length of the weights field.
  let weightsLength: Int

  static let alignment = 64

  init(_ network: Network) throws(GoogLeNetError) {
    var builder = Builder()
    let model = try builder.model(network)
    var packed = [UInt8](repeating: 0, count: googlenet__model__get_packed_size(model))
    let written = packed.withUnsafeMutableBufferPointer { googlenet__model__pack(model, $0.baseAddress) }
    guard written == packed.count else {
      throw GoogLeNetError(.ioError, "protobuf-c serialized \(written) bytes of \(packed.count)")
    }
    bytes = packed
    tensors = builder.tensors
    weightsLength = builder.length
    withExtendedLifetime(builder.arena) {}
  }

  static func aligned(_ offset: Int) -> Int { (offset + alignment - 1) & ~(alignment - 1) }

  private struct Builder {
    let arena = MessageArena()
    var tensors: [(offset: Int, bytes: UnsafeRawBufferPointer)] = []
    var length = 0

    mutating func model(_ network: Network) throws(GoogLeNetError) -> UnsafeMutablePointer<Googlenet__Model> {
      let model = try arena.message(googlenet__model__init)
      model.pointee.format_major = network.preprocessing.resizeRule.formatMajor
      model.pointee.format_minor = 0
      model.pointee.name = try arena.copy(network.name)
      model.pointee.producer = try arena.copy(network.producer)
      model.pointee.preprocessing = try preprocessing(network.preprocessing)
      model.pointee.n_labels = network.labels.count
      model.pointee.labels = try arena.copy(network.labels)
      model.pointee.input_name = try arena.copy(network.inputName)
      model.pointee.n_layers = network.layers.count
      model.pointee.layers = try arena.allocate(network.layers.count, of: UnsafeMutablePointer<Googlenet__Layer>?.self)
      for (index, layer) in network.layers.enumerated() { model.pointee.layers[index] = try self.layer(layer) }
      return model
    }

    private func number(_ value: Int, _ what: String) throws(GoogLeNetError) -> UInt32 {
      guard let number = UInt32(exactly: value) else {
        throw GoogLeNetError(.invalidModel, "\(what) is \(value), which a model file cannot hold")
      }
      return number
    }

    private func preprocessing(_ it: Preprocessing) throws(GoogLeNetError)
      -> UnsafeMutablePointer<Googlenet__Preprocessing>
    {
      let message = try arena.message(googlenet__preprocessing__init)
      message.pointee.input_height = try number(it.inputHeight, "the input height")
      message.pointee.input_width = try number(it.inputWidth, "the input width")
      message.pointee.channel_order = Googlenet__ChannelOrder(rawValue: it.channelOrder.rawValue)
      message.pointee.n_mean = it.mean.count
      message.pointee.mean = try arena.copy(it.mean)
      message.pointee.n_scale = it.scale.count
      message.pointee.scale = try arena.copy(it.scale)
      message.pointee.short_side = try number(it.shortSide, "the short side")
      message.pointee.resize_rule = Googlenet__ResizeRule(rawValue: it.resizeRule.rawValue)
      return message
    }

    private mutating func layer(_ layer: Layer) throws(GoogLeNetError) -> UnsafeMutablePointer<Googlenet__Layer> {
      let message = try arena.message(googlenet__layer__init)
      message.pointee.name = try arena.copy(layer.name)
      message.pointee.n_inputs = layer.inputs.count
      message.pointee.inputs = try arena.copy(layer.inputs)
      message.pointee.output_scale = layer.outputScale ?? 0
      switch layer.operation {
      case .convolution(let it):
        message.pointee.operation_case = GOOGLENET__LAYER__OPERATION_CONVOLUTION
        message.pointee.convolution = try convolution(it, layer.name)
      case .pooling(let it):
        message.pointee.operation_case = GOOGLENET__LAYER__OPERATION_POOLING
        message.pointee.pooling = try pooling(it, layer.name)
      case .localResponseNormalization(let it):
        message.pointee.operation_case = GOOGLENET__LAYER__OPERATION_LOCAL_RESPONSE_NORMALIZATION
        let normalization = try arena.message(googlenet__local_response_normalization__init)
        normalization.pointee.size = try number(it.size, "layer '\(layer.name)': size")
        normalization.pointee.alpha = it.alpha
        normalization.pointee.beta = it.beta
        normalization.pointee.k = it.k
        normalization.pointee.alpha_per_element = it.alphaPerElement ? 1 : 0
        message.pointee.local_response_normalization = normalization
      case .batchNormalization(let it):
        message.pointee.operation_case = GOOGLENET__LAYER__OPERATION_BATCH_NORMALIZATION
        let normalization = try arena.message(googlenet__batch_normalization__init)
        normalization.pointee.mean = try tensor(it.mean, layer.name)
        normalization.pointee.variance = try tensor(it.variance, layer.name)
        normalization.pointee.scale = try tensor(it.scale, layer.name)
        normalization.pointee.shift = try tensor(it.shift, layer.name)
        normalization.pointee.epsilon = it.epsilon
        message.pointee.batch_normalization = normalization
      case .relu:
        message.pointee.operation_case = GOOGLENET__LAYER__OPERATION_RELU
        message.pointee.relu = try arena.message(googlenet__re_lu__init)
      case .concat:
        message.pointee.operation_case = GOOGLENET__LAYER__OPERATION_CONCAT
        message.pointee.concat = try arena.message(googlenet__concat__init)
      case .innerProduct(let it):
        message.pointee.operation_case = GOOGLENET__LAYER__OPERATION_INNER_PRODUCT
        let product = try arena.message(googlenet__inner_product__init)
        product.pointee.weights = try tensor(it.weights, layer.name)
        product.pointee.bias = try tensor(it.bias, layer.name)
        message.pointee.inner_product = product
      case .dropout:
        message.pointee.operation_case = GOOGLENET__LAYER__OPERATION_DROPOUT
        message.pointee.dropout = try arena.message(googlenet__dropout__init)
      case .softmax:
        message.pointee.operation_case = GOOGLENET__LAYER__OPERATION_SOFTMAX
        message.pointee.softmax = try arena.message(googlenet__softmax__init)
      }
      return message
    }

    private mutating func convolution(_ it: Convolution, _ name: String) throws(GoogLeNetError)
      -> UnsafeMutablePointer<Googlenet__Convolution>
    {
      let message = try arena.message(googlenet__convolution__init)
      message.pointee.weights = try tensor(it.weights, name)
      message.pointee.bias = try tensor(it.bias, name)
      message.pointee.stride_height = try number(it.strideHeight, "layer '\(name)': stride")
      message.pointee.stride_width = try number(it.strideWidth, "layer '\(name)': stride")
      message.pointee.padding_top = try number(it.padding.top, "layer '\(name)': padding")
      message.pointee.padding_left = try number(it.padding.left, "layer '\(name)': padding")
      message.pointee.padding_bottom = try number(it.padding.bottom, "layer '\(name)': padding")
      message.pointee.padding_right = try number(it.padding.right, "layer '\(name)': padding")
      message.pointee.dilation_height = try number(it.dilationHeight, "layer '\(name)': dilation")
      message.pointee.dilation_width = try number(it.dilationWidth, "layer '\(name)': dilation")
      message.pointee.groups = try number(it.groups, "layer '\(name)': groups")
      return message
    }

    private func pooling(_ it: Pooling, _ name: String) throws(GoogLeNetError)
      -> UnsafeMutablePointer<Googlenet__Pooling>
    {
      let message = try arena.message(googlenet__pooling__init)
      message.pointee.method = Googlenet__Pooling__Method(rawValue: it.method.rawValue)
      message.pointee.global = it.global ? 1 : 0
      message.pointee.kernel_height = try number(it.kernelHeight, "layer '\(name)': kernel")
      message.pointee.kernel_width = try number(it.kernelWidth, "layer '\(name)': kernel")
      message.pointee.stride_height = try number(it.strideHeight, "layer '\(name)': stride")
      message.pointee.stride_width = try number(it.strideWidth, "layer '\(name)': stride")
      message.pointee.padding_top = try number(it.padding.top, "layer '\(name)': padding")
      message.pointee.padding_left = try number(it.padding.left, "layer '\(name)': padding")
      message.pointee.padding_bottom = try number(it.padding.bottom, "layer '\(name)': padding")
      message.pointee.padding_right = try number(it.padding.right, "layer '\(name)': padding")
      message.pointee.rounding = Googlenet__Pooling__Rounding(rawValue: it.rounding.rawValue)
      message.pointee.count_includes_padding = it.countIncludesPadding ? 1 : 0
      return message
    }

    private mutating func tensor(_ tensor: Tensor?, _ name: String) throws(GoogLeNetError)
      -> UnsafeMutablePointer<Googlenet__Tensor>?
    {
      guard let tensor else { return nil }
      let message = try arena.message(googlenet__tensor__init)
      var dims: [UInt32] = []
      for dim in tensor.dims { dims.append(try number(dim, "layer '\(name)': a dimension")) }
      message.pointee.n_dims = dims.count
      message.pointee.dims = try arena.copy(dims)
      message.pointee.element_type = Googlenet__ElementType(rawValue: tensor.elementType.rawValue)
      message.pointee.n_scales = tensor.scales.count
      message.pointee.scales = try arena.copy(tensor.scales)
      message.pointee.n_input_scales = tensor.inputScales.count
      message.pointee.input_scales = try arena.copy(tensor.inputScales)
      length = ModelFileHeader.aligned(length)
      message.pointee.offset = UInt64(length)
      message.pointee.length = UInt64(tensor.bytes.count)
      tensors.append((length, tensor.bytes))
      length += tensor.bytes.count
      return message
    }
  }
}
