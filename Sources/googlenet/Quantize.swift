import ArgumentParser
import CPlatform
import Conversion
import GoogLeNet

struct Quantize: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Makes an int8 model of a float32 one.",
    discussion: """
      Runs the model on pictures like those that it will see (100 to 500 are good, labels are not needed), chooses the \
      ranges of 8-bit activations from what it gives, and rounds the weights layer by layer so that each layer's output \
      changes least. Every tenth picture is held out, and tells how far int8 and float32 lie apart. The same pictures \
      give the same model on every CPU that has AVX2.

      With --max-float-share the layers that lose most in int8 stay in float32: the file grows and the model slows down \
      with them. Layers that read the same activation stay together, for then it need not be rounded either.

      EXAMPLES
        googlenet quantize bvlc.gln --calibration photos/ -o bvlc-int8.gln
        googlenet quantize bvlc.gln --calibration photos/ --ranges 99.99 -o bvlc-int8.gln
        googlenet quantize my.gln --calibration photos/ --max-float-share 0.1 -o my-int8.gln
      """)

  @Argument(
    help: "The model file, of float32 or float16 weights.", completion: .file(), transform: StandardStreams.input)
  var model: String

  @Option(help: "A folder of at least \(QuantizationOptions.leastPictures) JPEG and PNG files.", completion: .directory)
  var calibration: String

  @Option(
    name: .shortAndLong, help: "The model file to write; replaced as a whole if it exists.", completion: .file(),
    transform: StandardStreams.output)
  var output: String

  @Option(help: "How activation ranges are chosen: max, mse, kl, or the percentage of values that fits, as 99.99.")
  var ranges = RangeChoice(QuantizationOptions().rangeMethod)

  @Option(help: "The share of multiply-adds, 0 to 1, that may stay in float32, for the layers that gain most.")
  var maxFloatShare = QuantizationOptions().maxFloatShare

  @Option(help: "Threads to use, 1 to \(ThreadTeam.threadLimit); 0 for as many as allowed CPUs.")
  var threads = 0

  @OptionGroup var pictureArguments: PictureArguments

  @Flag(help: "Print the report as JSON.")
  var json = false

  func validate() throws {
    guard 0...1 ~= maxFloatShare else {
      throw ValidationError("--max-float-share is \(maxFloatShare): 0 to 1 are possible")
    }
    guard 0...ThreadTeam.threadLimit ~= threads else {
      throw ValidationError("--threads is \(threads): use 1 to \(ThreadTeam.threadLimit), or 0 for the allowed CPUs")
    }
  }

  func run() throws {
    let start = gln_nanoseconds()
    let file = try OutputFile(output, madeFrom: [model])
    let loaded = try Model(path: model, readingStreams: true)
    var options = QuantizationOptions()
    options.rangeMethod = ranges.method
    options.maxFloatShare = maxFloatShare
    options.threads = threads
    let pictures = try readPictures(loaded)
    var progress: (phase: QuantizationProgress.Phase, bar: ProgressBar)?
    defer { progress?.bar.clear() }
    let result = try Quantizer.quantize(model: loaded, pictures: pictures, options: options) { step in
      if progress?.phase != step.phase {
        progress?.bar.clear()
        progress = (step.phase, ProgressBar(step.phase.rawValue, total: step.total))
      }
      progress?.bar.advance()
    }
    progress?.bar.clear()
    let written = try Model(network: result.network)
    let count = try ModelWriter.write(result.network, to: file)
    let seconds = Double(gln_nanoseconds() - start) / 1e9
    let report = ModelReport(model: written, path: output, fileBytes: count)
    if json {
      try StandardStreams.print(JSON.object(Quantize.members(result.report, seconds) + report.members), beside: file)
    } else {
      try StandardStreams.print(Quantize.text(result.report, report, seconds), beside: file)
    }
  }

  private func readPictures(_ model: Model) throws(GoogLeNetError) -> [CalibrationPicture] {
    let session = try Session(model: model)
    let paths = try PictureFolder.paths(calibration)
    guard paths.count >= QuantizationOptions.leastPictures else {
      throw GoogLeNetError(
        .invalidArgument,
        "'\(calibration)' has \(paths.count) JPEG and PNG files: at least \(QuantizationOptions.leastPictures) are "
          + "needed to calibrate, 100 to 500 are good"
      )
    }
    var progress = ProgressBar("reading", total: paths.count)
    defer { progress.clear() }
    var pictures: [CalibrationPicture] = []
    for path in paths {
      let pixels = try PictureFolder.pixels(path, for: session, pictureArguments)
      pictures.append(CalibrationPicture(name: path, pixels: pixels))
      progress.advance()
    }
    return pictures
  }

  private static func members(_ report: QuantizationReport, _ seconds: Double) -> [(String, JSON)] {
    [
      ("calibration_pictures", .integer(report.calibrationPictures)),
      ("held_out_pictures", .integer(report.heldOutPictures)),
      ("agreement", report.agreement.map { .number($0) } ?? .null),
      ("total_variation", report.totalVariation.map { .number($0) } ?? .null),
      ("float_share", .number(report.floatShare)),
      ("seconds", .number(seconds)),
      (
        "layers",
        .array(
          report.layers.map {
            .object([
              ("name", .string($0.name)), ("signal_to_noise_db", .number($0.signalToNoise)),
              ("multiply_adds", .integer(Int(clamping: $0.multiplyAddCount))),
              ("precision", .string($0.isFloat ? "float32" : "int8")),
            ])
          })
      ),
    ]
  }

  private static func text(_ report: QuantizationReport, _ written: ModelReport, _ seconds: Double) -> String {
    let rows = report.layers.map { layer in
      [
        layer.name, Formatting.decimal(layer.signalToNoise, 1) + " dB", Formatting.grouped(layer.multiplyAddCount),
        layer.isFloat ? "float32" : "int8",
      ]
    }
    var lines = [("calibrated with", "\(report.calibrationPictures) pictures")]
    if let agreement = report.agreement, let variation = report.totalVariation {
      lines += [
        ("held out", "\(report.heldOutPictures) pictures"),
        ("same top-1", Formatting.percent(Float(agreement))),
        ("total variation", Formatting.decimal(variation, 4)),
      ]
    }
    lines += [
      ("in float32", Formatting.percent(Float(report.floatShare)) + " of the multiply-adds"),
      ("time", Formatting.decimal(seconds, 1) + " s"),
      ("file", "\(written.path), \(Formatting.megabytes(written.fileBytes))"),
    ]
    let head = ["layer", "signal to noise", "multiply-adds", "computed in"]
    return Formatting.table([head] + rows, [.left, .right, .right, .left]) + "\n" + ModelReport.text(lines)
  }
}
