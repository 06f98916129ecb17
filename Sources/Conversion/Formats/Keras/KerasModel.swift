import GoogLeNet

/// A Keras model's configuration: its layers, and which of them give its outputs.
struct KerasModel {
  let name: String
  /// In topological order.
  let layers: [KerasLayer]
  let outputs: [String]

  /// A GoogLeNet's takes some 200 KB.
  static let configurationLimit = 8 << 20
  private static let layerLimit = 10_000

  init(_ configuration: UnsafeRawBufferPointer, _ file: InputFile) throws(GoogLeNetError) {
    guard configuration.count <= KerasModel.configurationLimit else {
      throw file.unsupported(
        "its configuration has \(configuration.count) bytes: at most \(KerasModel.configurationLimit) are read")
    }
    let root: JSONValue
    do throws(JSONValue.Fault) { root = try JSONValue(configuration) } catch {
      throw file.invalid("its configuration is broken at byte \(error.offset): \(error.what)")
    }
    guard let type = root["class_name"]?.string, let config = root["config"] else {
      throw file.invalid("its configuration has no class_name or config")
    }
    guard let items = config["layers"]?.items ?? config.items else {
      throw file.unsupported(
        "it holds the class '\(type)', whose layers only its code tells: build a functional or sequential model, or export it "
          + "as ONNX")
    }
    guard items.count <= KerasModel.layerLimit else {
      throw file.unsupported("it has \(items.count) layers: at most \(KerasModel.layerLimit) are read")
    }
    name = config["name"]?.string ?? ""
    let isSequential = type == "Sequential"
    var layers: [KerasLayer] = []
    for item in items {
      layers.append(try KerasLayer(item, previous: isSequential ? .some(layers.last?.name) : nil, file))
    }
    self.layers = layers
    if isSequential {
      outputs = layers.last.map { [$0.name] } ?? []
    } else {
      outputs = KerasModel.names(config["output_layers"])
      guard !outputs.isEmpty else { throw file.invalid("its configuration has no output_layers") }
    }
  }

  /// The names in `["layer", 0, 0]` or a list or dictionary of such.
  private static func names(_ value: JSONValue?) -> [String] {
    switch value {
    case .array(let items)?:
      if let name = items.first?.string { return [name] }
      return items.flatMap { names($0) }
    case .object(let members)?: return members.flatMap { names($0.value) }
    default: return []
    }
  }
}
