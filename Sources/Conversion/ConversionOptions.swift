import GoogLeNet

/// What the user decides about a conversion; whatever is nil follows the source's convention, which the result's notes
/// tell.
public struct ConversionOptions {
  /// One a class.
  public var labels: [String]?
  /// The WordNet ids of the classes, kept as metadata; empty where there are none.
  public var synsets: [String]?
  /// The network sees (pixel − mean) × scale, pixels 0 to 255: one value, or one a channel in the network's own order.
  public var mean: [Float]?
  /// As `mean`.
  public var scale: [Float]?
  public var channelOrder: Preprocessing.ChannelOrder?
  public var inputSize: (height: Int, width: Int)?
  public var resizeRule: Preprocessing.ResizeRule?
  /// Caffe only: a text file that gives the structure, while the caffemodel gives the weights by layer name.
  public var prototxtPath: String?
  /// Caffe only: a mean image (`mean.binaryproto`), which is reduced to a mean for each channel. Instead of `mean`.
  public var meanImagePath: String?
  /// PyTorch only: whether the network was trained with torchvision's `transform_input`. nil follows the file, which
  /// tells it only as TorchScript: off otherwise.
  public var transformInput: Bool?
  /// Whether convolutions whose padding makes their branch another size than those that it is joined with get the padding
  /// that keeps the size. Without it such a network, which cannot run, is refused.
  public var fixesPadding = false
  /// How the weights of convolutions and inner products are stored; all other tensors stay float32. nil for integers where the file is
  /// quantized already, else float32. With `float32` or `float16` a quantized file is dequantized; `int8` leaves its integers as they
  /// are, also those of 16 bits, which cannot be asked for.
  public var weightStorage: ElementType?
  /// The network's name in the model file.
  public var name: String?
  /// Kept in the model file before what the trained file says under the same key; an empty value leaves that out.
  public var metadata: [MetadataEntry] = []

  /// Bytes that the conversion may take at a time for all values that it makes: unpacked entries, constants, their copies,
  /// tensors. nil for 64 MiB and 8 times the size of the file and those that it refers to, which real networks stay far
  /// below.
  public var memoryLimit: Int?
  /// ONNX and SavedModels: whether files that the model refers to may be links out of its folder, as in caches that are
  /// made of links.
  public var followsLinks = false

  public init() {}
}
