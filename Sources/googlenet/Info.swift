import ArgumentParser
import GoogLeNet

struct Info: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Describes a model: its layers, parameters, multiply-adds and memory.",
    discussion: """
      The table is like table 1 of the GoogLeNet paper: for each layer its window and stride, the shape of its output \
      (height x width x channels), its parameters and its multiply-adds for one image. The memory is that of a session with the given options; \
      what is at most in memory at once, while the session is made, counts the model file too. \
      Of metadata the text shows first lines, --json all.

      EXAMPLES
        googlenet info                       the bundled model
        googlenet info bvlc.gln
        googlenet info bvlc.gln --json
      """)

  @Argument(
    help: "The model file; the bundled one if left out.", completion: .file(), transform: StandardStreams.input)
  var model: String?

  @OptionGroup var sessionArguments: SessionArguments

  @Flag(help: "Print the description as JSON.")
  var json = false

  func run() throws {
    let path = try model ?? BundledModel.path()
    let model = try Model(copying: path)
    let report = ModelReport(model: model, path: path, fileBytes: model.byteCount)
    let session = try Session(model: report.model, options: sessionArguments.options)
    let memory = MemoryReport(session)
    let layers = report.model.network.layers.indices.map(report.model.layerSummary)
    if json {
      let used: [(String, JSON)] = [("memory", .object(SessionArguments.report(session) + memory.members))]
      return try StandardStreams.print(
        JSON.object(report.members + used + [("layers", .array(layers.map(Info.members)))]))
    }
    let rows = zip(layers, report.model.network.layers).map { Info.row($0, $1.operation) }
    let total = [
      "total", "", "", "", Formatting.grouped(model.parameterCount), Formatting.grouped(model.multiplyAddCount),
    ]
    let used = ("memory", "\(memory.text) (\(session.isa.choiceName), threads \(session.threads))")
    let table = Formatting.table(
      [["layer", "kind", "window/stride", "output", "parameters", "multiply-adds"]] + rows + [total],
      [.left, .left, .left, .right, .right, .right])
    try StandardStreams.print(ModelReport.text(report.lines + [used]) + "\n" + table)
  }

  private static func members(_ layer: Model.LayerSummary) -> JSON {
    .object([
      ("name", .string(layer.name)),
      ("kind", .string("\(layer.kind)")),
      ("channels", .integer(layer.shape.channels)),
      ("height", .integer(layer.shape.height)),
      ("width", .integer(layer.shape.width)),
      ("parameters", .integer(Int(layer.parameterCount))),
      ("multiply_adds", .integer(Int(clamping: layer.multiplyAddCount))),
    ])
  }

  private static func row(_ layer: Model.LayerSummary, _ operation: Operation) -> [String] {
    let shape = layer.shape
    return [
      layer.name, "\(layer.kind)", window(operation), "\(shape.height)x\(shape.width)x\(shape.channels)",
      layer.parameterCount == 0 ? "" : Formatting.grouped(layer.parameterCount),
      layer.multiplyAddCount == 0 ? "" : Formatting.grouped(layer.multiplyAddCount),
    ]
  }

  /// "7x7/2", and what else makes a layer's window special.
  private static func window(_ operation: Operation) -> String {
    func sides(_ height: Int, _ width: Int) -> String { height == width ? "\(height)" : "\(height)x\(width)" }
    switch operation {
    case .convolution(let it):
      return "\(it.kernelHeight)x\(it.kernelWidth)/\(sides(it.strideHeight, it.strideWidth))"
        + (it.groups == 1 ? "" : " groups \(it.groups)")
        + (it.dilationHeight == 1 && it.dilationWidth == 1
          ? "" : " dilation \(sides(it.dilationHeight, it.dilationWidth))")
    case .pooling(let it):
      let method = it.method == .max ? "max" : "average"
      return it.global
        ? "\(method) global"
        : "\(method) \(it.kernelHeight)x\(it.kernelWidth)/\(sides(it.strideHeight, it.strideWidth))"
    case .localResponseNormalization(let it): return "\(it.size) channels"
    default: return ""
    }
  }
}
