import ArgumentParser
import Conversion
import GoogLeNet

struct Convert: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Turns a trained file into a model.",
    discussion: """
      Reads Caffe (.caffemodel, current and legacy form), ONNX (opset 7 to 22) and PyTorch (.pt, .pth, .safetensors: the \
      state of torchvision's googlenet or of one with BatchNorm and true 5x5 branches), told apart by their content. \
      What the file does not say about its pixels is assumed as is usual for its source, and printed: check it.

      The network sees (pixel - mean) x scale, pixels 0 to 255, in the network's own channel order.

      EXAMPLES
        googlenet convert bvlc.caffemodel --labels synset_words.txt -o bvlc.gln
        googlenet convert weights.caffemodel --prototxt deploy.prototxt -o my.gln
        googlenet convert model.onnx --channel-order rgb --mean 127.5 -o my.gln
        googlenet convert checkpoint.pt --weights float16 -o small.gln
      """)

  @Argument(help: "The trained file.", completion: .file())
  var input: String

  @Option(name: .shortAndLong, help: "The model file to write; replaced as a whole if it exists.", completion: .file())
  var output: String

  @Option(help: "Caffe: a network description to use instead of the one in the weights file.", completion: .file())
  var prototxt: String?

  @Option(help: "A text file with one label a line, in the order of the classes.", completion: .file())
  var labels: String?

  @Option(help: "What is subtracted from pixels: a number a channel, or one for all.")
  var mean: NumberList?

  @Option(help: "What they are then multiplied by: a number a channel, or one for all.")
  var scale: NumberList?

  @Option(help: "The order of the network's input channels.")
  var channelOrder: Choice<Preprocessing.ChannelOrder>?

  @Option(help: "The size of the network's input in pixels: N, or HxW.")
  var inputSize: InputSize?

  @Option(
    help: """
      How trained values are stored; int8 has one scale for each output channel. By default float32, and int8 of an ONNX \
      file that is quantized (QDQ).
      """)
  var weights: Choice<ElementType>?

  @Option(help: "The model's name; by default the one in the trained file.")
  var name: String?

  @Flag(help: "Print the result as JSON.")
  var json = false

  func run() throws {
    try refuseReplacing(input, by: output)
    var options = ConversionOptions()
    options.labels = try labels.map { (path) throws(GoogLeNetError) in try LabelsFile.read(path: path) }
    options.mean = mean?.values
    options.scale = scale?.values
    options.channelOrder = channelOrder?.value
    options.inputSize = inputSize.map { ($0.height, $0.width) }
    options.prototxtPath = prototxt
    options.weightStorage = weights?.value
    options.name = name
    let result = try Converter.convert(path: input, options: options)
    // Validated before anything is written, so that a file that was written can be run.
    _ = try Model(network: result.network)
    try ModelWriter.write(result.network, to: output)
    let report = ModelReport(model: try Model(path: output), path: output)
    if json {
      let found: [(String, JSON)] = [
        ("source", .string("\(result.source)")), ("variant", .string(result.variant)),
        ("notes", .array(result.notes.map { .string($0) })),
      ]
      print(JSON.object(found + report.members))
    } else {
      let notes = result.notes.enumerated().map { ($0.offset == 0 ? "notes" : "", $0.element) }
      print(
        ModelReport.text([("source", "\(result.source)"), ("variant", result.variant)] + report.lines + notes),
        terminator: "")
    }
  }
}
