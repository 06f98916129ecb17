import ArgumentParser
import Conversion
import GoogLeNet

struct Export: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Turns a model into an ONNX file.",
    discussion: """
      The file (opset \(ONNXExporter.opset), IR version \(ONNXExporter.irVersion)) computes the same in any runtime: in \
      float32, or for an int8 model with QuantizeLinear and DequantizeLinear. There the network's input and what the \
      model stores in 16 bits stay float32. 'googlenet convert' reads it back.

      Runtimes do not normalize pictures: how the network's input is made of pixels, and the labels, stand in the \
      file's metadata_props as googlenet.channel_order, .mean, .scale, .short_side, .resize_rule and .labels (one a line). \
      The model's metadata stands beside them under its own keys.

      EXAMPLES
        googlenet export bvlc.gln -o bvlc.onnx
        googlenet export models/clothing.gln -o clothing.onnx --json
      """)

  @Argument(help: "The model file.", completion: .file(), transform: StandardStreams.input)
  var model: String

  @Option(
    name: .shortAndLong, help: "The ONNX file to write; replaced as a whole if it exists.", completion: .file(),
    transform: StandardStreams.output)
  var output: String

  @Flag(help: "Print the result as JSON.")
  var json = false

  func run() throws {
    let file = try OutputFile(output, madeFrom: [model])
    let loaded = try Model(path: model, readingStreams: true)
    let count = try ONNXExporter.write(loaded, to: file)
    let report = ModelReport(model: loaded, path: output, fileBytes: count)
    if json {
      let format: [(String, JSON)] = [
        ("opset", .integer(ONNXExporter.opset)), ("ir_version", .integer(ONNXExporter.irVersion)),
      ]
      try StandardStreams.print(JSON.object(format + report.members), beside: file)
    } else {
      let lines = [("format", "ONNX opset \(ONNXExporter.opset)")] + report.lines
      try StandardStreams.print(ModelReport.text(lines), beside: file)
    }
  }
}
