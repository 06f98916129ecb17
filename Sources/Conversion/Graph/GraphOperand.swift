/// An input of a foreign graph's node, with the name by which errors call it.
enum GraphOperand {
  case value(GraphValue, name: String)
  /// Optional, and not given.
  case leftOut
  /// Nothing before the node makes it.
  case unmade(name: String)
  /// It is not the first output of what makes it, which is the one that is converted.
  case furtherOutput(name: String)
}
