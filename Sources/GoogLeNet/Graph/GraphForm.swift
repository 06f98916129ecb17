/// What becomes of a layer in a graph.
enum GraphForm {
  /// Another name for what it reads.
  case alias
  /// A value in whose channels those of its inputs lie, one after another.
  case concatenation
  case node(GraphNode.Kind)
}
