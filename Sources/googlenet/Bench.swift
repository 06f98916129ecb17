import ArgumentParser
import CPlatform
import GoogLeNet

struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measures how fast a model runs here.",
    discussion: """
      Runs the network on random pixels of exactly its input size, normalising included and decoding and resizing not, \
      and reports the median and the least time of a run. Pin the process to get steady figures.

      EXAMPLES
        googlenet bench bvlc.gln --threads 1
        taskset -c 0,1 googlenet bench bvlc.gln --threads 2 --batch 8 --json
        googlenet bench bvlc.gln --max-isa avx2 --runs 100
      """)

  @Argument(help: "The model file; the bundled one if left out.", completion: .file())
  var model: String?

  @Option(help: "Images a run.")
  var batch = 1

  @Option(help: "Runs to measure.")
  var runs = 30

  @Option(help: "Runs before measuring.")
  var warmup = 5

  @OptionGroup var sessionArguments: SessionArguments

  @Flag(help: "Print the figures as JSON.")
  var json = false

  func validate() throws {
    guard 1...4096 ~= batch else { throw ValidationError("--batch is \(batch): 1 to 4096 are possible") }
    guard 1...1_000_000 ~= runs else { throw ValidationError("--runs is \(runs): 1 to 1000000 are possible") }
    guard 0...1_000_000 ~= warmup else { throw ValidationError("--warmup is \(warmup): 0 to 1000000 are possible") }
  }

  func run() throws {
    let start = gln_nanoseconds()
    let loaded = try Model(path: model ?? BundledModel.path())
    let session = try Session(model: loaded, options: sessionArguments.options)
    let ready = milliseconds(since: start)
    var milliseconds = try measure(session)
    milliseconds.sort()
    let median = (milliseconds[runs / 2] + milliseconds[(runs - 1) / 2]) / 2
    let imagesPerSecond = Double(batch) * 1000 / median
    if json {
      let figures: [(String, JSON)] = [
        ("median_ms", .number(median)), ("min_ms", .number(milliseconds[0])),
        ("images_per_second", .number(imagesPerSecond)), ("batch", .integer(batch)), ("runs", .integer(runs)),
        ("ready_ms", .number(ready)), ("weight_bytes", .integer(session.weightBytes)),
        ("activation_bytes", .integer(session.activationBytes)), ("model", .string(loaded.network.name)),
      ]
      print(JSON.object(figures + SessionArguments.report(session)))
      return
    }
    print(
      ModelReport.text([
        ("model", loaded.network.name),
        (
          "setting",
          "\(session.precision.choiceName), \(session.isa.choiceName), \(session.backend.choiceName), "
            + "threads \(session.threads), batch \(batch)"
        ),
        ("median", Formatting.decimal(median, 2) + " ms"),
        ("least", Formatting.decimal(milliseconds[0], 2) + " ms"),
        ("images a second", Formatting.decimal(imagesPerSecond, 1)),
        ("ready after", Formatting.decimal(ready, 1) + " ms"),
        (
          "memory",
          "\(Formatting.megabytes(session.weightBytes)) weights, \(Formatting.megabytes(session.activationBytes)) activations"
        ),
      ]), terminator: "")
  }

  /// The time of each run in milliseconds.
  private func measure(_ session: Session) throws -> [Double] {
    let gray = session.model.network.preprocessing.channelOrder == .gray
    let format: PixelFormat = gray ? .gray : .rgb
    var generator = RandomPixels()
    let pixels = generator.pixels(batch * session.inputHeight * session.inputWidth * format.bytesPerPixel)
    var values = [Float](repeating: 0, count: batch * session.model.classCount)
    var progress = ProgressBar("measuring", total: warmup + runs)
    defer { progress.clear() }
    var measured: [Double] = []
    for run in 0..<warmup + runs {
      let start = gln_nanoseconds()
      try pixels.withUnsafeBytes { (bytes) throws in
        let batch = try Batch(.pixels(format), data: bytes.baseAddress, count: batch)
        try values.withUnsafeMutableBufferPointer { try session.predict(batch, into: $0) }
      }
      if run >= warmup { measured.append(milliseconds(since: start)) }
      progress.advance()
    }
    return measured
  }

  private func milliseconds(since start: UInt64) -> Double { Double(gln_nanoseconds() - start) / 1e6 }
}
