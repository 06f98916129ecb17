import Conversion
import GoogLeNet

/// What the commands say about a model.
struct ModelReport {
  let model: Model
  /// Of its file.
  let path: String
  let fileBytes: Int

  private var preprocessing: Preprocessing { model.network.preprocessing }

  /// "224 x 224 BGR, (pixel - 104, 117, 123) x 1, …"
  private var inputDescription: String {
    let mean = preprocessing.mean.map(ModelReport.short).joined(separator: ", ")
    let scale = Set(preprocessing.scale).count == 1 ? Array(preprocessing.scale.prefix(1)) : preprocessing.scale
    return
      "\(preprocessing.inputHeight) x \(preprocessing.inputWidth) \(preprocessing.channelOrder.choiceName.uppercased()), "
      + "(pixel - (\(mean))) x (\(scale.map(ModelReport.short).joined(separator: ", ")))"
  }

  /// At most four decimals, none that are zero.
  private static func short(_ value: Float) -> String {
    var text = Formatting.decimal(Double(value), 5)
    while text.last == "0" { text.removeLast() }
    if text.last == "." { text.removeLast() }
    return text
  }

  /// How the weights of convolutions and inner products are stored: "float16", or all ways where there are several.
  private var storage: String {
    var types: Set<ElementType> = []
    for layer in model.network.layers {
      switch layer.operation {
      case .convolution(let it): types.insert(it.weights.elementType)
      case .innerProduct(let it): types.insert(it.weights.elementType)
      default: continue
      }
    }
    return [ElementType.float32, .float16, .int16, .int8].filter(types.contains).map { "\($0)" }.joined(separator: ", ")
  }

  var lines: [(String, String)] {
    let labels = model.network.labels
    let first = labels.prefix(3).joined(separator: "; ") + (labels.count > 3 ? "; …" : "")
    return [
      ("variant", VariantName.of(model.network.layers)),
      ("name", model.network.name),
      ("producer", model.network.producer),
      ("layers", "\(model.network.layers.count)"),
      ("parameters", Formatting.grouped(model.parameterCount)),
      ("multiply-adds", Formatting.grouped(model.multiplyAddCount)),
      ("classes", "\(model.classCount), " + (labels.isEmpty ? "without labels" : "labelled: \(first)")),
      ("input", inputDescription),
      ("pictures", "\(preprocessing.resizeRule.summary(shortSide: preprocessing.shortSide)); centre cut out"),
      ("weights", storage),
      ("precision", model.precision.choiceName),
    ] + metadataLines + [
      ("file", "\(path), \(Formatting.megabytes(fileBytes))")
    ]
  }

  private var metadataLines: [(String, String)] {
    model.network.metadata.enumerated().map { index, entry in
      let start = String(entry.value.prefix { !$0.isNewline }.prefix(80))
      let rest = start == entry.value ? "" : " … (\(Formatting.grouped(UInt64(entry.value.utf8.count))) bytes)"
      return (index == 0 ? "metadata" : "", "\(entry.key): \(start)\(rest)")
    }
  }

  var members: [(String, JSON)] {
    [
      ("path", .string(path)),
      ("file_bytes", .integer(fileBytes)),
      ("name", .string(model.network.name)),
      ("producer", .string(model.network.producer)),
      ("variant", .string(VariantName.of(model.network.layers))),
      ("weights", .string(storage)),
      ("precision", .string(model.precision.choiceName)),
      ("layer_count", .integer(model.network.layers.count)),
      ("parameters", .integer(Int(model.parameterCount))),
      ("multiply_adds", .integer(Int(clamping: model.multiplyAddCount))),
      ("classes", .integer(model.classCount)),
      ("features", .integer(model.featureCount)),
      ("labels", .array(model.network.labels.map { .string($0) })),
      ("metadata", .object(model.network.metadata.map { ($0.key, .string($0.value)) })),
      (
        "preprocessing",
        .object([
          ("input_height", .integer(preprocessing.inputHeight)),
          ("input_width", .integer(preprocessing.inputWidth)),
          ("channel_order", .string(preprocessing.channelOrder.choiceName)),
          ("mean", .array(preprocessing.mean.map { .number($0) })),
          ("scale", .array(preprocessing.scale.map { .number($0) })),
          ("short_side", .integer(preprocessing.shortSide)),
          ("resize_rule", .string(preprocessing.resizeRule.choiceName)),
        ])
      ),
    ]
  }

  static func text(_ lines: [(String, String)]) -> String {
    Formatting.table(lines.map { [$0.0, $0.1] }, [.left, .left])
  }
}
