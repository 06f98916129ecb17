/// The input of a foreign graph, as errors name it where no node stands for it.
struct GraphInput: ForeignNode {
  let name: String
  var type: String { "input" }
  let file: InputFile
}
