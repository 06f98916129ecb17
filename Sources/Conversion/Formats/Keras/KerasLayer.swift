import GoogLeNet

/// A layer of a Keras model's configuration.
struct KerasLayer: ForeignNode {
  static var word: String { "layer" }

  let name: String
  /// Another name where the layer is one of several that are made of it.
  var layerName: String
  /// The class: "Conv2D" …
  let type: String
  let config: JSONValue
  /// The names of the layers whose outputs it reads.
  let inputs: [String]
  /// How often the model calls it.
  let uses: Int
  let file: InputFile

  /// Of a functional model, or of a sequential one where `previous` is given: the layer before, nil at its start.
  init(_ it: JSONValue, previous: String??, _ file: InputFile) throws(GoogLeNetError) {
    guard let type = it["class_name"]?.string, let config = it["config"],
      let name = it["name"]?.string ?? config["name"]?.string, !name.isEmpty
    else { throw file.invalid("a layer of its configuration lacks a class_name, config or name") }
    self.name = name
    layerName = name
    self.type = type
    self.config = config
    self.file = file
    if let previous {
      inputs = previous.map { [$0] } ?? []
      uses = 1
      return
    }
    guard let nodes = it["inbound_nodes"]?.items else {
      throw file.invalid("layer '\(name)' (\(type)) has no inbound_nodes")
    }
    uses = nodes.count
    var references: [String] = []
    if let node = nodes.first { references = try KerasLayer.references(node, name, file) }
    inputs = references
  }

  // MARK: - Connections

  /// The layers that a call reads: `[["layer", 0, 0, {…}], …]` of Keras 2, `{"args": …, "kwargs": …}` of Keras 3.
  private static func references(_ node: JSONValue, _ layer: String, _ file: InputFile) throws(GoogLeNetError)
    -> [String]
  {
    var found: [String] = []
    if let items = node.items {
      for item in items.first?.string == nil ? items : [node] {
        guard let parts = item.items, parts.count >= 3, let name = parts[0].string else {
          throw file.invalid("layer '\(layer)' has an inbound node that is not understood")
        }
        found.append(try output(name, parts[2], layer, file))
        if parts.count > 3 { try refuseTraining(parts[3], layer, file) }
      }
      return found
    }
    guard let arguments = node["args"] else {
      throw file.invalid("layer '\(layer)' has an inbound node that is not understood")
    }
    try collect(arguments, layer, file, to: &found)
    if let keywords = node["kwargs"] {
      try collect(keywords, layer, file, to: &found)
      try refuseTraining(keywords, layer, file)
    }
    return found
  }

  private static func collect(_ value: JSONValue, _ layer: String, _ file: InputFile, to found: inout [String])
    throws(GoogLeNetError)
  {
    switch value {
    case .array(let items):
      for item in items { try collect(item, layer, file, to: &found) }
    case .object(let members):
      guard value["class_name"]?.string == "__keras_tensor__" else {
        for member in members { try collect(member.value, layer, file, to: &found) }
        return
      }
      guard let history = value["config"]?["keras_history"]?.items, history.count == 3, let name = history[0].string
      else { throw file.invalid("layer '\(layer)' reads a tensor without a keras_history") }
      found.append(try output(name, history[2], layer, file))
    default: return
    }
  }

  private static func output(_ name: String, _ index: JSONValue, _ layer: String, _ file: InputFile)
    throws(GoogLeNetError) -> String
  {
    guard case .integer(0) = index else {
      throw file.unsupported("layer '\(layer)' reads another output of '\(name)' than the first")
    }
    return name
  }

  private static func refuseTraining(_ keywords: JSONValue, _ layer: String, _ file: InputFile) throws(GoogLeNetError) {
    if case .bool(true)? = keywords["training"] {
      throw file.unsupported("layer '\(layer)' is called with training=True: build the model without it")
    }
  }

  // MARK: - Configuration

  func bool(_ key: String, _ fallback: Bool) -> Bool {
    if case .bool(let value)? = config[key] { return value }
    return fallback
  }

  /// A text; `fallback` where it is missing.
  func text(_ key: String, _ fallback: String) throws(GoogLeNetError) -> String {
    switch config[key] {
    case nil, .null?: return fallback
    case .string(let value)?: return value
    default: throw unsupported("its \(key) is not a text")
    }
  }

  /// A finite number; `fallback` where it is missing.
  func number(_ key: String, _ fallback: Double) throws(GoogLeNetError) -> Double {
    guard let value = config[key], !value.isNull else { return fallback }
    guard let number = value.double, number.isFinite else { throw unsupported("its \(key) is not a number") }
    return number
  }

  func number(_ name: String) throws(GoogLeNetError) -> Float? {
    let number = try self.number(name, .nan)
    return number.isNaN ? nil : Float(number)
  }

  /// Height and width, given as two numbers or as one for both; nil where they are missing.
  func pair(_ key: String) throws(GoogLeNetError) -> [Int]? {
    switch config[key] {
    case nil, .null?: return nil
    case .integer(let size)?:
      if 1...65536 ~= size { return [size, size] }
    case let value?:
      if let sizes = value.sizes, sizes.count == 2, sizes.allSatisfy({ 1...65536 ~= $0 }) { return sizes }
    }
    throw invalid("its \(key) is not one or two numbers above 0")
  }

  /// The name of the activation function: "linear" where there is none.
  func activation() throws(GoogLeNetError) -> String {
    guard let value = config["activation"], !value.isNull else { return "linear" }
    guard let name = value.string ?? value["config"]?.string ?? value["class_name"]?.string else {
      throw unsupported("its activation is not understood")
    }
    return name
  }

  /// Refuses channels first: everything that trains Keras models on a CPU has them last.
  func checkChannelsLast() throws(GoogLeNetError) {
    let format = try text("data_format", "channels_last")
    guard format == "channels_last" else {
      throw unsupported("its data_format is '\(format)': only channels_last is supported")
    }
  }
}
