import CForeignFormats
import GoogLeNet

/// The values of a SavedModel's variables.
///
/// What a variable is called in the file of values stands nowhere but in the operations that restore it.
struct TensorFlowVariables {
  private let bundle: TensorBundle
  private let keys: [TensorFlowGraph.Place: String]

  /// - Parameter restoring: the node that restores all variables.
  init(_ file: InputFile, _ graph: inout TensorFlowGraph, restoring: String) throws(GoogLeNetError) {
    bundle = try TensorBundle(file)
    var frames = [0]
    if let place = graph.place(named: restoring), let called = try graph.call(at: place) { frames.append(called) }
    var keys: [TensorFlowGraph.Place: String] = [:]
    for place in frames.flatMap({ graph.places(in: $0) }) {
      let node = graph.node(place)
      guard ["Assign", "AssignVariableOp"].contains(node.type), node.inputs.count == 2 else { continue }
      var value = try graph.resolve(node.inputs[1], in: place.frame)
      // A value may be handed on a few times before it is assigned.
      for _ in 0..<8 where ["Identity", "Cast"].contains(graph.node(value.place).type) {
        guard let next = try graph.inputs(of: value.place).first else { break }
        value = next
      }
      let restore = graph.node(value.place)
      guard restore.type == "RestoreV2", restore.inputs.count == 3 else { continue }
      let names = graph.node(try graph.resolve(restore.inputs[1], in: value.place.frame).place)
      guard let tensor = names.tensor("value") else { continue }
      let texts = TensorFlowTensorReader.texts(tensor)
      guard texts.indices.contains(value.output) else { continue }
      keys[try graph.resolve(node.inputs[0], in: place.frame).place] = texts[value.output]
    }
    self.keys = keys
  }

  func value(of node: TensorFlowNode, _ place: TensorFlowGraph.Place) throws(GoogLeNetError) -> GraphConstant {
    let shared = node.string("shared_name") ?? ""
    let key = keys[place] ?? (shared.isEmpty ? node.name : shared)
    guard let value = try bundle.value(key) else {
      throw node.invalid("the variables have no '\(key)'")
    }
    if let dims = node.shape("shape"),
      !zip(dims, value.dims).allSatisfy({ $0 == $1 || $0 == nil })
        || dims.count != value.dims.count
    {
      throw node.invalid("its value '\(key)' has the dimensions \(value.dims)")
    }
    return value
  }
}
