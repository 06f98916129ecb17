import CForeignFormats
import GoogLeNet

/// What an ONNX file says of a network beside its graph: how pictures become its input, the names of its classes, and metadata.
/// Written by the exporter as `metadata_props`, and understood again by the importer.
struct ONNXMetadata {
  private enum Key {
    static let channelOrder = "googlenet.channel_order"
    static let mean = "googlenet.mean"
    static let scale = "googlenet.scale"
    static let shortSide = "googlenet.short_side"
    static let resizeRule = "googlenet.resize_rule"
    static let labels = "googlenet.labels"
    /// ONNX's own key for the order of channels.
    static let bitmapPixelFormat = "Image.BitmapPixelFormat"
    static let all: Set<String> = [channelOrder, mean, scale, shortSide, resizeRule, labels, bitmapPixelFormat]
  }

  let channelOrder: Preprocessing.ChannelOrder
  let mean: [Float]
  let scale: [Float]
  let shortSide: Int
  let resizeRule: Preprocessing.ResizeRule
  let labels: [String]
  private let others: [MetadataEntry]

  init(_ network: Network) {
    channelOrder = network.preprocessing.channelOrder
    mean = network.preprocessing.mean
    scale = network.preprocessing.scale
    shortSide = network.preprocessing.shortSide
    resizeRule = network.preprocessing.resizeRule
    // One label a line, as in labels files.
    labels = network.labels.map { String($0.map { $0.isNewline ? " " : $0 }) }
    others = network.metadata.filter { !Key.all.contains($0.key) }
  }

  /// What a file says for people: its `metadata_props`, and what its writer calls itself and the network. Not what the exporter
  /// writes, which is read as what it means.
  static func texts(of model: Onnx__Model) -> [MetadataEntry] {
    var entries: [MetadataEntry] = []
    for entry in UnsafeBufferPointer(start: model.metadata_props, count: model.n_metadata_props) {
      guard let entry = entry?.pointee, !Key.all.contains(text(entry.key)) else { continue }
      entries.append(MetadataEntry(key: text(entry.key), value: text(entry.value)))
    }
    let producer = text(model.producer_name)
    guard producer != "googlenet" else { return entries }
    entries.append(MetadataEntry(key: MetadataKey.description, value: text(model.doc_string)))
    guard !producer.isEmpty else { return entries }
    let version = text(model.producer_version)
    entries.append(
      MetadataEntry(key: MetadataKey.sourceProducer, value: version.isEmpty ? producer : "\(producer) \(version)"))
    return entries
  }

  /// nil where the entries are missing or do not fit together.
  init?(_ model: Onnx__Model) {
    var entries: [String: String] = [:]
    for entry in UnsafeBufferPointer(start: model.metadata_props, count: model.n_metadata_props) {
      if let entry = entry?.pointee { entries[text(entry.key)] = text(entry.value) }
    }
    let orders: [Preprocessing.ChannelOrder] = [.rgb, .bgr, .gray]
    guard let name = entries[Key.channelOrder], let order = orders.first(where: { ONNXMetadata.name($0) == name }),
      let mean = ONNXMetadata.numbers(entries[Key.mean]), mean.count == order.channels,
      let scale = ONNXMetadata.numbers(entries[Key.scale]), scale.count == order.channels,
      let shortSide = entries[Key.shortSide].flatMap({ Int($0) }), shortSide > 0,
      let rule = ONNXMetadata.resizeRule(entries[Key.resizeRule])
    else { return nil }
    channelOrder = order
    self.mean = mean
    self.scale = scale
    self.shortSide = shortSide
    resizeRule = rule
    others = []
    labels =
      entries[Key.labels].map { $0.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) } ?? []
  }

  var preprocessing: PreprocessingDefaults {
    PreprocessingDefaults(
      channelOrder: channelOrder, mean: mean, scale: scale, reason: "as the file's metadata tells",
      shortSide: shortSide, resizeRule: resizeRule)
  }

  /// In the order in which they are written.
  var entries: [(key: String, value: String)] {
    var entries = [
      (Key.channelOrder, ONNXMetadata.name(channelOrder)), (Key.mean, ONNXMetadata.list(mean)),
      (Key.scale, ONNXMetadata.list(scale)), (Key.shortSide, "\(shortSide)"),
      (Key.resizeRule, "\(resizeRule.name)"), (Key.bitmapPixelFormat, bitmapPixelFormat),
    ]
    if !labels.isEmpty { entries.append((Key.labels, labels.joined(separator: "\n"))) }
    return entries + others.map { ($0.key, $0.value) }
  }

  /// For people.
  var description: String {
    "float32, (pixel - mean) x scale of pixels 0 to 255, channels \(ONNXMetadata.name(channelOrder)), mean "
      + "\(ONNXMetadata.list(mean)), scale \(ONNXMetadata.list(scale)); pictures are resized to "
      + "\(resizeRule.summary(shortSide: shortSide)), and their centre is cut out"
  }

  private var bitmapPixelFormat: String {
    switch channelOrder {
    case .rgb: "Rgb8"
    case .bgr: "Bgr8"
    case .gray: "Gray8"
    }
  }

  private static func name(_ order: Preprocessing.ChannelOrder) -> String {
    switch order {
    case .rgb: "RGB"
    case .bgr: "BGR"
    case .gray: "gray"
    }
  }

  /// Where the entry is missing, there was one rule only when the file was written.
  private static func resizeRule(_ name: String?) -> Preprocessing.ResizeRule? {
    guard let name else { return .shortSide }
    return Preprocessing.ResizeRule.named(name)
  }

  private static func list(_ values: [Float]) -> String { values.map { "\($0)" }.joined(separator: ", ") }

  private static func numbers(_ text: String?) -> [Float]? {
    guard let text else { return nil }
    var numbers: [Float] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      guard let number = Float(part.drop { $0 == " " }), number.isFinite else { return nil }
      numbers.append(number)
    }
    return numbers
  }
}
