import CForeignFormats
import GoogLeNet

/// What each type of layer computes.
extension CaffeImporter {
  mutating func convert(_ it: Operands) throws(GoogLeNetError) -> GraphActivation {
    let layer = it.node
    let input = try it.activation()
    switch layer.type {
    case "Dropout":
      builder.dropped.append(layer.name)
      return input
    case "Split": return input
    case "Flatten":
      guard layer.flattenAxis == 1, layer.flattenEndAxis == -1 || layer.flattenEndAxis == 3 else {
        throw layer.unsupported("it flattens other than all but the first axis")
      }
      return input.isPixel ? input : try builder.flattened(layer, input)
    default: break
    }
    guard !layer.layerName.isEmpty else { throw file.invalid("a \(layer.type) layer has no name") }
    guard !builder.hasLayer(layer.layerName) else { throw file.invalid("two layers are called '\(layer.layerName)'") }
    let elementwise = GraphElementwise.caffe[layer.type]
    guard it.indices.count == 1 || layer.type == "Concat" || elementwise?.joins == true else {
      throw layer.unsupported("it has \(it.indices.count) inputs instead of one")
    }
    if elementwise?.joins == true, it.indices.count < 2 {
      throw layer.invalid("it has one input: at least two are needed")
    }
    if let elementwise { return try builder.apply(elementwise, it, trained: try slopes(layer)) }
    switch layer.type {
    case "Convolution": return try convolution(layer, input)
    case "InnerProduct": return try innerProduct(layer, input)
    case "Pooling": return try pooling(layer, input)
    case "BatchNorm": return try builder.add(layer, .batchNormalization(try batchNormalization(layer)), [input])
    case "Scale": return try builder.add(layer, .batchNormalization(try scale(layer)), [input])
    case "LRN": return try localResponseNormalization(layer, input)
    case "Concat":
      let axis = layer.concat.has_axis != 0 ? layer.concat.axis : Int32(bitPattern: layer.concat.concat_dim)
      let isGiven = layer.concat.has_axis != 0 || layer.concat.has_concat_dim != 0
      return try builder.concat(layer, try it.activations(it.indices), axis: isGiven ? Int(axis) : 1)
    default: return try builder.softmax(layer, input, axis: Int(layer.softmaxAxis))
    }
  }

  /// What a PReLU has learnt, one slope a channel or one for all.
  private func slopes(_ layer: CaffeLayer) throws(GoogLeNetError) -> GraphConstant? {
    guard layer.type == "PReLU" else { return nil }
    let slopes = try blob(layer, 0, "slopes")
    return try GraphConstant(dims: [slopes.count, 1, 1], count: slopes.count, of: Float.self, file.budget) {
      .floats(slopes.values)
    }
  }

  private mutating func localResponseNormalization(_ layer: CaffeLayer, _ input: GraphActivation)
    throws(GoogLeNetError) -> GraphActivation
  {
    let it = layer.normalization
    guard it.norm_region == CAFFE__LRNPARAMETER__NORM_REGION__ACROSS_CHANNELS else {
      throw layer.unsupported("it normalizes within channels: only across channels is supported")
    }
    return try builder.add(
      layer,
      .localResponseNormalization(
        LocalResponseNormalization(
          size: Int(it.local_size), alpha: it.alpha, beta: it.beta, k: it.k, alphaPerElement: false)), [input])
  }

  private mutating func convolution(_ layer: CaffeLayer, _ input: GraphActivation) throws(GoogLeNetError)
    -> GraphActivation
  {
    let it = layer.convolution
    let kernel = try pair(
      layer, "kernel_size", it.n_kernel_size, it.kernel_size, it.has_kernel_h, it.kernel_h, it.has_kernel_w,
      it.kernel_w, nil)
    let weights = try blob(layer, 0, "weights")
    guard weights.dims.count == 4, weights.dims[0] == Int(it.num_output), [Int](weights.dims[2...]) == kernel
    else {
      throw file.invalid(
        "layer '\(layer.name)': its weights are \(weights.text), but \(it.num_output) outputs of \(kernel[0]) x \(kernel[1]) are described"
      )
    }
    let kernels = try tensor(layer, weights, weights.dims)
    let bias = it.bias_term != 0 ? try vector(layer, 1, "bias", count: weights.dims[0]) : nil
    let stride = try pair(
      layer, "stride", it.n_stride, it.stride, it.has_stride_h, it.stride_h, it.has_stride_w, it.stride_w, 1)
    let pad = try pair(layer, "pad", it.n_pad, it.pad, it.has_pad_h, it.pad_h, it.has_pad_w, it.pad_w, 0)
    let dilation = try pair(layer, "dilation", it.n_dilation, it.dilation, 0, 0, 0, 0, 1)
    let window = GraphWindow(
      kernel: kernel, strides: stride, dilations: dilation,
      border: .explicit(Padding(top: pad[0], left: pad[1], bottom: pad[0], right: pad[1])))
    return try builder.convolution(
      layer, input, weights: kernels, bias: bias, window, groups: Int(it.group))
  }

  /// Height and width, given as `_h` and `_w` or as a list of none, one or two values.
  private func pair(
    _ layer: CaffeLayer, _ what: String, _ count: Int, _ values: UnsafeMutablePointer<UInt32>?, _ hasHeight: Int32,
    _ height: UInt32, _ hasWidth: Int32, _ width: UInt32, _ fallback: Int?
  ) throws(GoogLeNetError) -> [Int] {
    if hasHeight != 0 || hasWidth != 0 {
      guard hasHeight != 0 || fallback != nil, hasWidth != 0 || fallback != nil else {
        throw file.invalid("layer '\(layer.name)' has only one of \(what)'s height and width")
      }
      return [hasHeight != 0 ? Int(height) : fallback ?? 0, hasWidth != 0 ? Int(width) : fallback ?? 0]
    }
    switch (count, values) {
    case (1, .some(let values)): return [Int(values[0]), Int(values[0])]
    case (2, .some(let values)): return [Int(values[0]), Int(values[1])]
    default:
      guard count == 0, let fallback else {
        throw file.invalid("layer '\(layer.name)' has \(count) values of \(what): one or two are needed")
      }
      return [fallback, fallback]
    }
  }

  private mutating func pooling(_ layer: CaffeLayer, _ input: GraphActivation) throws(GoogLeNetError)
    -> GraphActivation
  {
    let it = layer.pooling
    let method: Pooling.Method
    switch it.pool {
    case CAFFE__POOLING_PARAMETER__POOL_METHOD__MAX: method = .max
    case CAFFE__POOLING_PARAMETER__POOL_METHOD__AVE: method = .average
    default: throw layer.unsupported("it pools by method \(it.pool.rawValue): only MAX and AVE are supported")
    }
    guard it.global_pooling == 0 else { return try builder.globalPooling(layer, method, input) }
    guard it.has_kernel_size != 0 || it.has_kernel_h != 0 && it.has_kernel_w != 0 else {
      throw layer.invalid("it has no kernel size")
    }
    func pair(_ size: UInt32, _ hasHeight: Int32, _ height: UInt32, _ hasWidth: Int32, _ width: UInt32) -> [Int] {
      [Int(hasHeight != 0 ? height : size), Int(hasWidth != 0 ? width : size)]
    }
    let pad = pair(it.pad, it.has_pad_h, it.pad_h, it.has_pad_w, it.pad_w)
    var window = GraphWindow(
      kernel: pair(it.kernel_size, it.has_kernel_h, it.kernel_h, it.has_kernel_w, it.kernel_w),
      strides: pair(it.stride, it.has_stride_h, it.stride_h, it.has_stride_w, it.stride_w),
      border: .explicit(Padding(top: pad[0], left: pad[1], bottom: pad[0], right: pad[1])), countsPadding: true)
    switch it.round_mode {
    case CAFFE__POOLING_PARAMETER__ROUND_MODE__CEIL: window.rounding = .ceil
    case CAFFE__POOLING_PARAMETER__ROUND_MODE__FLOOR: window.rounding = .floor
    default:
      throw layer.unsupported("it rounds by mode \(it.round_mode.rawValue): only CEIL and FLOOR are supported")
    }
    return try builder.pooling(layer, method, input, window)
  }

  private mutating func innerProduct(_ layer: CaffeLayer, _ input: GraphActivation) throws(GoogLeNetError)
    -> GraphActivation
  {
    let it = layer.innerProduct
    guard it.axis == 1 else {
      throw file.unsupported("layer '\(layer.name)' (InnerProduct) works along axis \(it.axis): only 1 is supported")
    }
    let weights = try blob(layer, 0, "weights")
    // The legacy form has two leading ones.
    let dims =
      weights.dims.count == 4 && weights.dims[0] == 1 && weights.dims[1] == 1
      ? [Int](weights.dims[2...]) : weights.dims
    let outputs = Int(it.num_output)
    guard dims.count == 2, dims[it.transpose != 0 ? 1 : 0] == outputs else {
      throw file.invalid("layer '\(layer.name)': its weights are \(weights.text), but \(outputs) outputs are described")
    }
    var result = try builder.innerProduct(
      layer, try builder.flattened(layer, input), weights: try tensor(layer, weights, dims),
      isInputsFirst: it.transpose != 0, bias: it.bias_term != 0 ? try vector(layer, 1, "bias", count: outputs) : nil)
    // To Caffe it is an image of one pixel as well.
    result.axes = GraphActivation.image
    return result
  }

  private func batchNormalization(_ layer: CaffeLayer) throws(GoogLeNetError) -> BatchNormalization {
    guard layer.blobs.count == 3, layer.blobs[2].count == 1 else {
      throw file.invalid(
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
      throw file.unsupported("layer '\(layer.name)' (Scale): only a scale for each channel of one input is supported")
    }
    guard 1...2 ~= layer.blobs.count else {
      throw file.invalid(
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
      throw file.invalid(
        "layer '\(layer.name)' (\(layer.type)) has no \(what): the file does not hold what was trained")
    }
    return layer.blobs[index]
  }

  private func vector(_ layer: CaffeLayer, _ index: Int, _ what: String, count: Int) throws(GoogLeNetError) -> Tensor {
    let found = try blob(layer, index, what)
    guard found.count == count else {
      throw file.invalid("layer '\(layer.name)': its \(what) has \(found.count) values instead of \(count)")
    }
    return try found.tensor([count], file.budget)
  }

  private func tensor(_ layer: CaffeLayer, _ blob: CaffeBlob, _ dims: [Int]) throws(GoogLeNetError) -> Tensor {
    guard dims.checkedProduct == blob.count else {
      throw file.invalid("layer '\(layer.name)': a blob of \(blob.text) does not have as many values as its shape says")
    }
    return try blob.tensor(dims, file.budget)
  }
}
