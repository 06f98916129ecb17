/// A TFLite model's input, as errors name it.
struct TFLiteInput: ForeignNode {
  let name: String
  var type: String { "input" }
  let file: InputFile
}
