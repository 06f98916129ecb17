import CForeignFormats
import GoogLeNet

/// A layer of a Caffe network, of the current or the legacy form. Its pointers live as long as the message that it was
/// read from.
struct CaffeLayer: ForeignNode {
  static var word: String { "layer" }

  let name: String
  /// Another name where the layer stands for a training loss.
  var layerName: String
  let file: InputFile
  /// As the current form calls it: "Convolution", "LRN" …
  let type: String
  let bottoms: [String]
  let tops: [String]
  /// Whether the layer is there when the network is used, not trained.
  let isActive: Bool
  var blobs: [CaffeBlob]
  let convolution: Caffe__ConvolutionParameter
  let innerProduct: Caffe__InnerProductParameter
  let normalization: Caffe__LRNParameter
  let pooling: Caffe__PoolingParameter
  let concat: Caffe__ConcatParameter
  let softmaxAxis: Int32
  let flattenAxis: Int32
  let flattenEndAxis: Int32
  let epsilon: Float
  let scaleAxis: Int32
  private let negativeSlope: Float
  /// Of an Input layer.
  let inputShape: [Int]?
  let transformation: Caffe__TransformationParameter?

  /// - Parameter file: that of the structure.
  init(_ it: Caffe__LayerParameter, _ file: InputFile) {
    self.file = file
    name = text(it.name)
    layerName = name
    type = CaffeLayer.type(text(it.type), it.eltwise_param?.pointee)
    bottoms = texts(it.n_bottom, it.bottom)
    tops = texts(it.n_top, it.top)
    isActive = CaffeLayer.isActive(it.n_include, it.include, it.n_exclude, it.exclude)
    blobs = CaffeBlob.all(it.n_blobs, it.blobs)
    convolution = CaffeLayer.parameter(it.convolution_param, caffe__convolution_parameter__init)
    innerProduct = CaffeLayer.parameter(it.inner_product_param, caffe__inner_product_parameter__init)
    normalization = CaffeLayer.parameter(it.lrn_param, caffe__lrnparameter__init)
    pooling = CaffeLayer.parameter(it.pooling_param, caffe__pooling_parameter__init)
    concat = CaffeLayer.parameter(it.concat_param, caffe__concat_parameter__init)
    softmaxAxis = it.softmax_param?.pointee.axis ?? 1
    flattenAxis = it.flatten_param?.pointee.axis ?? 1
    flattenEndAxis = it.flatten_param?.pointee.end_axis ?? -1
    epsilon = it.batch_norm_param?.pointee.eps ?? 1e-5
    scaleAxis = it.scale_param?.pointee.axis ?? 1
    negativeSlope = it.relu_param?.pointee.negative_slope ?? 0
    if let input = it.input_param?.pointee, input.n_shape > 0, let shape = input.shape[0] {
      inputShape = CaffeBlob.dims(shape.pointee)
    } else {
      inputShape = nil
    }
    transformation = it.transform_param?.pointee
  }

  /// The legacy form.
  /// - Parameter file: that of the structure.
  init(_ it: Caffe__V1LayerParameter, _ file: InputFile) {
    self.file = file
    name = text(it.name)
    layerName = name
    type = CaffeLayer.type(
      CaffeLayer.types[it.type.rawValue] ?? "V1 layer type \(it.type.rawValue)", it.eltwise_param?.pointee)
    bottoms = texts(it.n_bottom, it.bottom)
    tops = texts(it.n_top, it.top)
    isActive = CaffeLayer.isActive(it.n_include, it.include, it.n_exclude, it.exclude)
    blobs = CaffeBlob.all(it.n_blobs, it.blobs)
    convolution = CaffeLayer.parameter(it.convolution_param, caffe__convolution_parameter__init)
    innerProduct = CaffeLayer.parameter(it.inner_product_param, caffe__inner_product_parameter__init)
    normalization = CaffeLayer.parameter(it.lrn_param, caffe__lrnparameter__init)
    pooling = CaffeLayer.parameter(it.pooling_param, caffe__pooling_parameter__init)
    concat = CaffeLayer.parameter(it.concat_param, caffe__concat_parameter__init)
    softmaxAxis = it.softmax_param?.pointee.axis ?? 1
    flattenAxis = 1
    flattenEndAxis = -1
    epsilon = 1e-5
    scaleAxis = 1
    negativeSlope = it.relu_param?.pointee.negative_slope ?? 0
    inputShape = nil
    transformation = it.transform_param?.pointee
  }

  /// The current names of the legacy types that are told apart here; others keep their number.
  private static let types: [UInt32: String] = [
    1: "Accuracy", 2: "BNLL", 3: "Concat", 4: "Convolution", 5: "Data", 6: "Dropout", 7: "EuclideanLoss",
    8: "Flatten", 9: "HDF5Data", 10: "HDF5Output", 11: "Im2col", 12: "ImageData", 13: "InfogainLoss",
    14: "InnerProduct", 15: "LRN", 16: "MultinomialLogisticLoss", 17: "Pooling", 18: "ReLU", 19: "Sigmoid",
    20: "Softmax", 21: "SoftmaxWithLoss", 22: "Split", 23: "TanH", 24: "WindowData", 25: "Eltwise", 26: "Power",
    27: "SigmoidCrossEntropyLoss", 28: "HingeLoss", 29: "MemoryData", 30: "ArgMax", 31: "Threshold",
    32: "DummyData", 33: "Slice", 34: "MVN", 35: "AbsVal", 36: "Silence", 37: "ContrastiveLoss", 38: "Exp",
    39: "Deconvolution",
  ]

  /// The type, with what an element-wise operation is where it is not the sum of its inputs as they are.
  private static func type(_ type: String, _ it: Caffe__EltwiseParameter?) -> String {
    guard type == "Eltwise", let it else { return type }
    switch it.operation {
    case CAFFE__ELTWISE_PARAMETER__ELTWISE_OP__PROD: return "Eltwise PROD"
    case CAFFE__ELTWISE_PARAMETER__ELTWISE_OP__MAX: return "Eltwise MAX"
    case CAFFE__ELTWISE_PARAMETER__ELTWISE_OP__SUM:
      let isPlain = UnsafeBufferPointer(start: it.coeff, count: it.n_coeff).allSatisfy { $0 == 1 }
      return isPlain ? type : "Eltwise SUM with coefficients"
    default: return "Eltwise \(it.operation.rawValue)"
    }
  }

  func number(_ name: String) -> Float? { name == "negative_slope" ? negativeSlope : nil }

  /// The parameter of a layer, or its defaults where the layer has none.
  private static func parameter<Parameter>(
    _ parameter: UnsafeMutablePointer<Parameter>?, _ initialize: (UnsafeMutablePointer<Parameter>) -> Void
  ) -> Parameter {
    if let parameter { return parameter.pointee }
    return withUnsafeTemporaryAllocation(of: Parameter.self, capacity: 1) { buffer in
      initialize(buffer.baseAddress!)
      return buffer[0]
    }
  }

  /// Caffe's rule: with include rules one must hold, without them no exclude rule may.
  private static func isActive(
    _ includeCount: Int, _ include: UnsafeMutablePointer<UnsafeMutablePointer<Caffe__NetStateRule>?>?,
    _ excludeCount: Int, _ exclude: UnsafeMutablePointer<UnsafeMutablePointer<Caffe__NetStateRule>?>?
  ) -> Bool {
    let includes = UnsafeBufferPointer(start: include, count: includeCount)
    let excludes = UnsafeBufferPointer(start: exclude, count: excludeCount)
    return includes.isEmpty ? !excludes.contains(where: holds) : includes.contains(where: holds)
  }

  /// Whether a rule holds for the test phase, level 0, no stages.
  private static func holds(_ rule: UnsafeMutablePointer<Caffe__NetStateRule>?) -> Bool {
    guard let rule = rule?.pointee else { return false }
    if rule.has_phase != 0, rule.phase != CAFFE__PHASE__TEST { return false }
    if rule.has_min_level != 0, rule.min_level > 0 { return false }
    if rule.has_max_level != 0, rule.max_level < 0 { return false }
    return rule.n_stage == 0
  }
}
