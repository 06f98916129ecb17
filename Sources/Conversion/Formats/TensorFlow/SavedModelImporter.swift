import CForeignFormats
import GoogLeNet

/// Reads TensorFlow SavedModels: the graph of a signature, and the variables in the folder beside it.
enum SavedModelImporter {
  /// - Parameter file: `saved_model.pb`.
  static func network(of file: InputFile, options: ConversionOptions) throws(GoogLeNetError)
    -> ImportedNetwork
  {
    let message = try ForeignMessage(file, what: "a TensorFlow SavedModel", unpack: tensorflow__saved_model__unpack)
    return try withExtendedLifetime(message) { () throws(GoogLeNetError) in
      let model = message.message.pointee
      let graphs = UnsafeBufferPointer(start: model.meta_graphs, count: model.n_meta_graphs).compactMap { $0?.pointee }
      let serving = graphs.first { tags(of: $0).contains("serve") } ?? graphs.first
      guard let serving, let definition = serving.graph_def?.pointee else {
        throw file.invalid("it is a SavedModel without a graph")
      }
      let signature = try signature(of: serving, file)
      var graph = try TensorFlowGraph(definition, file)
      var variables: TensorFlowVariables?
      if hasVariables(graph) {
        variables = try TensorFlowVariables(file, &graph, restoring: text(serving.saver_def?.pointee.restore_op_name))
      }
      var importer = TensorFlowImporter(file, graph, variables: variables, options: options)
      var network = try importer.network(outputs: signature.outputs, source: .savedModel)
      network.notes.insert("the signature '\(signature.name)'", at: 0)
      return network
    }
  }

  private static func tags(of graph: Tensorflow__MetaGraph) -> [String] {
    graph.meta_info_def.map { texts($0.pointee.n_tags, $0.pointee.tags) } ?? []
  }

  private static func hasVariables(_ graph: TensorFlowGraph) -> Bool {
    graph.places(in: 0).contains { ["VarHandleOp", "Variable", "VariableV2"].contains(graph.node($0).type) }
  }

  private static func signature(of graph: Tensorflow__MetaGraph, _ file: InputFile) throws(GoogLeNetError)
    -> (name: String, outputs: [String])
  {
    var found: [String: [String]] = [:]
    for entry in UnsafeBufferPointer(start: graph.signature_def, count: graph.n_signature_def) {
      guard let entry = entry?.pointee, let signature = entry.value?.pointee, signature.n_inputs > 0 else { continue }
      found[text(entry.key)] = UnsafeBufferPointer(start: signature.outputs, count: signature.n_outputs)
        .compactMap { $0?.pointee.value.map { text($0.pointee.name) } }.sorted()
    }
    if let outputs = found["serving_default"] { return ("serving_default", outputs) }
    if found.count == 1, let (name, outputs) = found.first { return (name, outputs) }
    throw file.unsupported(
      found.isEmpty
        ? "it has no signature with inputs, which says what to compute: export it with signatures for serving"
        : "it has no signature 'serving_default', but \(found.keys.sorted().prefix(20).joined(separator: ", "))")
  }
}
