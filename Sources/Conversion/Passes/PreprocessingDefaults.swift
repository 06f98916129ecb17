import GoogLeNet

/// How networks of some origin are fed unless the user says otherwise.
struct PreprocessingDefaults {
  var channelOrder: Preprocessing.ChannelOrder
  /// In `channelOrder`, on pixels 0 to 255.
  var mean: [Float]
  var scale: [Float]
  /// Why this is the default, for the notes.
  var reason: String
  /// To which pictures are resized; nil where the file does not say.
  var shortSide: Int?
  /// By which pictures are resized; nil where nothing tells.
  var resizeRule: Preprocessing.ResizeRule?

  /// The mean pixel of ImageNet as Caffe's published networks subtract it.
  static let caffe = PreprocessingDefaults(
    channelOrder: .bgr, mean: [104, 117, 123], scale: [1, 1, 1], reason: "Caffe's convention")

  /// torchvision's normalisation (mean 0.485, 0.456, 0.406, standard deviation 0.229, 0.224, 0.225 of pixels 0 to 1).
  static let torchvision = PreprocessingDefaults(
    channelOrder: .rgb, mean: [255 * 0.485, 255 * 0.456, 255 * 0.406],
    scale: [1 / (255 * 0.229), 1 / (255 * 0.224), 1 / (255 * 0.225)], reason: "torchvision's convention")

  /// torchvision's `transform_input`: from its normalization to mean and standard deviation 0.5 of pixels 0 to 1.
  static let transformInput: (scale: [Float], shift: [Float]) = (
    [0.229 / 0.5, 0.224 / 0.5, 0.225 / 0.5], [(0.485 - 0.5) / 0.5, (0.456 - 0.5) / 0.5, (0.406 - 0.5) / 0.5]
  )

  /// TensorFlow's convention for Inception networks: (pixel / 255 - 0.5) * 2.
  static func slim(reason: String) -> PreprocessingDefaults {
    PreprocessingDefaults(
      channelOrder: .rgb, mean: [127.5, 127.5, 127.5], scale: [1 / 127.5, 1 / 127.5, 1 / 127.5], reason: reason)
  }

  /// Plain pixels.
  static func plain(_ order: Preprocessing.ChannelOrder, reason: String) -> PreprocessingDefaults {
    PreprocessingDefaults(
      channelOrder: order, mean: [Float](repeating: 0, count: order.channels),
      scale: [Float](repeating: 1, count: order.channels), reason: reason)
  }

  /// Plain pixels, where the first thing that the network does to them is its own normalization; nil where it is not.
  static func ofOwnNormalization(_ layers: [Layer], _ input: GraphActivation?) -> PreprocessingDefaults? {
    guard let input, let first = layers.first(where: { $0.inputs.contains(input.layer) }),
      case .batchNormalization = first.operation
    else { return nil }
    return .plain(
      input.shape.channels == 1 ? .gray : .rgb,
      reason: "the network normalizes its input itself, but does not tell its channel order: a guess")
  }

  /// The same in another channel order.
  func reordered(to order: Preprocessing.ChannelOrder) -> PreprocessingDefaults {
    guard order != channelOrder else { return self }
    guard order != .gray, channelOrder != .gray else {
      return PreprocessingDefaults.plain(order, reason: "no convention is known for this channel order")
    }
    var result = self
    result.channelOrder = order
    result.mean.reverse()
    result.scale.reverse()
    return result
  }
}
