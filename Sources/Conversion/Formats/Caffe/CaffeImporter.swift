import CForeignFormats
import GoogLeNet

/// Reads Caffe networks: a `.caffemodel`, alone or with the structure from a prototxt.
struct CaffeImporter {
  typealias Operands = GraphOperands<CaffeLayer>

  /// What the structure was read from.
  let file: InputFile
  private let options: ConversionOptions
  var builder: GraphBuilder
  /// By the layer that makes them, among those that are there when the network is used.
  private var values: [Int: GraphActivation] = [:]

  static func network(of file: InputFile, options: ConversionOptions) throws(GoogLeNetError) -> ImportedNetwork {
    let trained = try ForeignMessage(file, what: "a Caffe NetParameter", unpack: caffe__net_parameter__unpack)
    return try withExtendedLifetime(trained) { () throws(GoogLeNetError) in
      let weights = try layers(of: trained.message.pointee, file)
      guard let prototxtPath = options.prototxtPath else {
        var importer = CaffeImporter(file, options)
        return try importer.network(trained.message.pointee, weights)
      }
      let mapped = try file.companion(path: prototxtPath)
      let wire = try withExtendedLifetime(mapped) { () throws(GoogLeNetError) in
        try ProtobufText.netParameter(mapped.bytes, name: prototxtPath)
      }
      let charge = try file.budget.charge(wire.count)
      defer { withExtendedLifetime(charge) {} }
      return try wire.withRawBytes { (bytes) throws(GoogLeNetError) in
        let textFile = InputFile(name: prototxtPath, folder: nil, bytes: bytes, budget: file.budget)
        let structure = try ForeignMessage(
          textFile, what: "a Caffe NetParameter", unpack: caffe__net_parameter__unpack)
        return try withExtendedLifetime(structure) { () throws(GoogLeNetError) in
          var importer = CaffeImporter(textFile, options)
          let merged = try merge(try layers(of: structure.message.pointee, textFile), weights)
          var network = try importer.network(structure.message.pointee, merged)
          network.source = .caffe(legacy: trained.message.pointee.n_layer == 0)
          return network
        }
      }
    }
  }

  private init(_ file: InputFile, _ options: ConversionOptions) {
    self.file = file
    self.options = options
    builder = GraphBuilder(file, options)
  }

  private static func layers(of net: Caffe__NetParameter, _ file: InputFile) throws(GoogLeNetError) -> [CaffeLayer] {
    let count = max(net.n_layer, net.n_layers)
    guard count <= CaffeImporter.layerLimit else {
      throw file.unsupported("it has \(count) layers: at most \(CaffeImporter.layerLimit) are read")
    }
    let current = UnsafeBufferPointer(start: net.layer, count: net.n_layer).compactMap {
      $0.map { CaffeLayer($0.pointee, file) }
    }
    guard current.isEmpty else { return current }
    return UnsafeBufferPointer(start: net.layers, count: net.n_layers).compactMap {
      $0.map { CaffeLayer($0.pointee, file) }
    }
  }

  /// The structure's layers with the weights of the trained layers of the same names.
  private static func merge(_ structure: [CaffeLayer], _ trained: [CaffeLayer]) throws(GoogLeNetError)
    -> [CaffeLayer]
  {
    var weights: [String: [CaffeBlob]] = [:]
    for layer in trained where !layer.blobs.isEmpty { weights[layer.name] = layer.blobs }
    var result = structure
    for index in result.indices { result[index].blobs = weights[result[index].name] ?? [] }
    return result
  }

  // MARK: - Structure

  /// What a layer reads.
  private struct Bottom {
    /// The index of the layer that makes it; nil for an input.
    var producer: Int?
    var blob: String
  }

  private mutating func network(_ net: Caffe__NetParameter, _ all: [CaffeLayer]) throws(GoogLeNetError)
    -> ImportedNetwork
  {
    guard !all.isEmpty else { throw file.invalid("it has no layers") }
    let active = all.filter { $0.isActive && !$0.bottoms.isEmpty }
    let bottoms = CaffeImporter.bottoms(active)
    let needed = try neededLayers(active, bottoms)
    try UnsupportedNodes.refuse(
      needed.map { active[$0] }, beyond: CaffeImporter.supported.union(GraphElementwise.caffe.keys), "layer types", file
    )
    let blob = try inputBlob(needed.flatMap { bottoms[$0] })
    let taken = Set(needed.map { active[$0].name })
    var inputName = blob
    while taken.contains(inputName) { inputName += "_input" }
    let input = try CaffeInput(
      net, blob, sources: all.filter { $0.bottoms.isEmpty && !$0.tops.isEmpty }, needed: needed.map { active[$0] },
      options, file)
    builder.notes += input.notes
    let value = try builder.readInput(
      GraphInput(name: blob, file: file), name: inputName,
      dims: [nil, input.channels, input.size?.height, input.size?.width], axes: GraphActivation.image)
    for index in needed {
      var layer = active[index]
      if layer.type == "SoftmaxWithLoss", !taken.contains("prob"), inputName != "prob" { layer.layerName = "prob" }
      let operands = bottoms[index].map { bottom in
        GraphOperand.value(.activation(bottom.producer.flatMap { values[$0] } ?? value), name: bottom.blob)
      }
      values[index] = try convert(GraphOperands(layer, operands))
    }
    noteOmissions(active, needed)
    let output = needed.last ?? 0
    _ = try builder.finish(values[output].map { .activation($0) }, active[output].name)
    return builder.network(.caffe(legacy: net.n_layer == 0), name: text(net.name), input.preprocessing)
  }

  private static let layerLimit = 10_000

  /// What each layer reads. A blob is made by the last layer above that has it as a top: layers in place make it anew. Of
  /// what a loss reads only the first is an image.
  private static func bottoms(_ layers: [CaffeLayer]) -> [[Bottom]] {
    var current: [String: Int] = [:]
    var result: [[Bottom]] = []
    for (index, layer) in layers.enumerated() {
      let read = layer.type == "SoftmaxWithLoss" ? layer.bottoms.prefix(1) : layer.bottoms[...]
      result.append(read.map { Bottom(producer: current[$0], blob: $0) })
      for top in layer.tops { current[top] = index }
    }
    return result
  }

  private func inputBlob(_ bottoms: [Bottom]) throws(GoogLeNetError) -> String {
    var blobs: [String] = []
    var seen: Set<String> = []
    for bottom in bottoms where bottom.producer == nil && seen.insert(bottom.blob).inserted {
      blobs.append(bottom.blob)
    }
    guard blobs.count == 1, let blob = blobs.first else {
      throw file.unsupported(
        blobs.isEmpty
          ? "nothing reads an input"
          : "it has \(blobs.count) inputs (\(blobs.map { "'\($0)'" }.joined(separator: ", "))): one image is what a GoogLeNet reads"
      )
    }
    return blob
  }

  private static let losses: Set<String> = [
    "Accuracy", "ArgMax", "Silence", "EuclideanLoss", "HingeLoss", "InfogainLoss", "MultinomialLogisticLoss",
    "SigmoidCrossEntropyLoss", "ContrastiveLoss", "HDF5Output",
  ]

  /// The layers on which the network's output depends, in order. Of all ends it is the one on which most layers work,
  /// which is the main head and not an auxiliary one.
  private func neededLayers(_ layers: [CaffeLayer], _ bottoms: [[Bottom]]) throws(GoogLeNetError) -> [Int] {
    let sources = bottoms.map { $0.compactMap(\.producer) }
    var read: Set<Int> = []
    for (index, producers) in sources.enumerated()
    where !CaffeImporter.losses.contains(layers[index].type) && layers[index].type != "SoftmaxWithLoss" {
      read.formUnion(producers)
    }
    let ends = layers.indices.filter { !CaffeImporter.losses.contains(layers[$0].type) && !read.contains($0) }
    guard ends.count <= MainHead.outputLimit else {
      throw file.unsupported("it has \(ends.count) outputs: at most \(MainHead.outputLimit) are compared")
    }
    var best: (rank: (Int, Int), layers: Set<Int>)?
    for index in ends {
      // A softmax with loss is a softmax more than the value that it reads; a plain softmax is better still.
      let kind = layers[index].type == "Softmax" ? 2 : layers[index].type == "SoftmaxWithLoss" ? 1 : 0
      let found = MainHead.ancestors(of: index, sources)
      let rank = (found.count - (kind > 0 ? 1 : 0), kind)
      // Of equal ends the last.
      if best.map({ $0.rank <= rank }) ?? true { best = (rank, found) }
    }
    guard let best else { throw file.invalid("it has no output") }
    return best.layers.sorted()
  }

  private static let supported: Set<String> = [
    "Convolution", "Pooling", "LRN", "Concat", "InnerProduct", "Dropout", "Softmax", "SoftmaxWithLoss", "BatchNorm",
    "Scale", "Split", "Flatten",
  ]

  private mutating func noteOmissions(_ layers: [CaffeLayer], _ needed: [Int]) {
    let kept = Set(needed)
    builder.notes += MainHead.notes(
      outputs: [], chosen: "",
      nodes: layers.indices.filter { !kept.contains($0) && !CaffeImporter.losses.contains(layers[$0].type) }
        .map { layers[$0].name })
    for index in needed where layers[index].type == "SoftmaxWithLoss" {
      builder.notes.append("the training loss '\(layers[index].name)' became a softmax")
    }
  }
}
