import CForeignFormats
import GoogLeNet

/// A Caffe network's input, and what its file says about the pixels that it was fed with.
struct CaffeInput {
  private(set) var channels = 3
  /// nil where the file does not say it.
  private(set) var size: (height: Int, width: Int)?
  private(set) var preprocessing = PreprocessingDefaults.caffe
  private(set) var notes: [String] = []

  /// - Parameters:
  ///   - blob: what the network's first layers read.
  ///   - sources: layers that read nothing.
  ///   - needed: those on which the output depends.
  init(
    _ net: Caffe__NetParameter, _ blob: String, sources: [CaffeLayer], needed: [CaffeLayer],
    _ options: ConversionOptions,
    _ file: InputFile
  ) throws(GoogLeNetError) {
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
    if let dims {
      guard dims.count == 4, dims.dropFirst().allSatisfy({ 1...65536 ~= $0 }) else {
        throw file.unsupported("input '\(blob)' has the shape \(dims): (images, channels, height, width) is needed")
      }
      channels = dims[1]
      size = (dims[2], dims[3])
    } else if let fed, fed.type == "Convolution", let weights = fed.blobs.first, weights.dims.count == 4 {
      let (product, overflow) = weights.dims[1].multipliedReportingOverflow(by: Int(fed.convolution.group))
      channels = overflow ? 0 : product
    }
    guard 1...65536 ~= channels else {
      throw file.invalid("layer '\(fed?.name ?? "")' is made for \(channels) input channels")
    }
    if channels == 1 { preprocessing = .plain(.gray, reason: "nothing is known of a gray Caffe network") }
    if let transformation = source?.transformation { apply(transformation, options) }
  }

  /// What a data layer says about the pixels that it fed.
  private mutating func apply(_ it: Caffe__TransformationParameter, _ options: ConversionOptions) {
    if size == nil, it.crop_size > 0, it.crop_size <= 65536 {
      size = (Int(it.crop_size), Int(it.crop_size))
    }
    let means = [Float](UnsafeBufferPointer(start: it.mean_value, count: it.n_mean_value))
    let channels = preprocessing.mean.count
    if means.count == channels || means.count == 1 {
      preprocessing.mean = means.count == channels ? means : [Float](repeating: means[0], count: channels)
      preprocessing.reason = "as the data layer has it, in Caffe's channel order"
    } else if it.mean_file != nil, options.mean == nil, options.meanImagePath == nil {
      notes.append(
        "the data layer subtracts the image in '\(text(it.mean_file))', which the file does not hold: its mean is assumed to be "
          + "\(preprocessing.mean.map { "\($0)" }.joined(separator: ", "))")
    }
    if it.scale != 1 { preprocessing.scale = [Float](repeating: it.scale, count: channels) }
  }
}
