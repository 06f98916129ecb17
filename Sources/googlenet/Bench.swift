import ArgumentParser
import CPlatform
import GoogLeNet

struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measures how fast a model runs here.",
    discussion: """
      Runs the network on random pixels of exactly its input size, normalising included and decoding and resizing not, \
      and reports the median and the least time of a run. Pin the process to get steady figures. --profile shows where the \
      time goes instead: it runs the operations one after another and takes the time of each.

      EXAMPLES
        googlenet bench bvlc.gln --threads 1
        taskset -c 0,1 googlenet bench bvlc.gln --threads 2 --batch 8 --json
        googlenet bench bvlc.gln --max-isa avx2 --runs 100
        googlenet bench bvlc.gln --threads 1 --profile
      """)

  @Argument(
    help: "The model file; the bundled one if left out.", completion: .file(), transform: StandardStreams.input)
  var model: String?

  @Option(help: "Images a run.")
  var batch = 1

  @Option(help: "Runs to measure.")
  var runs = 30

  @Option(help: "Runs before measuring.")
  var warmup = 5

  @Flag(help: "Show the time of each operation, and how near the machine's peak it comes.")
  var profile = false

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
    let loaded = try Model(copying: model ?? BundledModel.path())
    let session = try Session(model: loaded, options: sessionArguments.options)
    let ready = milliseconds(since: start)
    if profile { return try printProfile(session) }
    let milliseconds = try measure(session)
    let median = OperationProfile.median(milliseconds)
    let least = milliseconds.min() ?? median
    let imagesPerSecond = Double(batch) * 1000 / median
    if json {
      let figures: [(String, JSON)] = [
        ("median_ms", .number(median)), ("min_ms", .number(least)),
        ("images_per_second", .number(imagesPerSecond)), ("batch", .integer(batch)), ("runs", .integer(runs)),
        ("ready_ms", .number(ready)), ("weight_bytes", .integer(session.weightBytes)),
        ("activation_bytes", .integer(session.activationBytes)),
        ("memory", .object(MemoryReport(session).members)), ("model", .string(loaded.network.name)),
      ]
      return try StandardStreams.print(JSON.object(figures + SessionArguments.report(session)))
    }
    try StandardStreams.print(
      ModelReport.text([
        ("model", loaded.network.name),
        ("setting", setting(session)),
        ("median", Formatting.decimal(median, 2) + " ms"),
        ("least", Formatting.decimal(least, 2) + " ms"),
        ("images a second", Formatting.decimal(imagesPerSecond, 1)),
        ("ready after", Formatting.decimal(ready, 1) + " ms"),
        ("memory", MemoryReport(session).text),
      ]))
  }

  private func setting(_ session: Session) -> String {
    "\(session.precision.choiceName), \(session.isa.choiceName), \(session.backend.choiceName), "
      + "threads \(session.threads), batch \(batch)"
  }

  private func printProfile(_ session: Session) throws {
    var profile = OperationProfile()
    try forEachRun(session) { batch, isMeasured in
      var ignored = OperationProfile()
      if isMeasured { try profile.run(session, batch) } else { try ignored.run(session, batch) }
    }
    let report = try ProfileReport(session, profile)
    if json {
      let members: [(String, JSON)] = [
        ("model", .string(session.model.network.name)), ("batch", .integer(batch)), ("runs", .integer(runs)),
      ]
      try StandardStreams.print(JSON.object(members + SessionArguments.report(session) + report.members))
    } else {
      let lines = [("model", session.model.network.name), ("setting", setting(session))]
      try StandardStreams.print(ModelReport.text(lines) + "\n" + report.text)
    }
  }

  /// The time of each run in milliseconds.
  private func measure(_ session: Session) throws -> [Double] {
    var values = [Float](repeating: 0, count: batch * session.model.classCount)
    var measured: [Double] = []
    try forEachRun(session) { batch, isMeasured in
      let start = gln_nanoseconds()
      try values.withUnsafeMutableBufferPointer { try session.predict(batch, into: $0) }
      if isMeasured { measured.append(milliseconds(since: start)) }
    }
    return measured
  }

  /// Calls `body` with a batch of random pixels for each run, first those that are not measured.
  private func forEachRun(_ session: Session, _ body: (Batch, Bool) throws -> Void) throws {
    let gray = session.model.network.preprocessing.channelOrder == .gray
    let format: PixelFormat = gray ? .gray : .rgb
    var generator = RandomPixels()
    let pixels = generator.pixels(batch * session.inputHeight * session.inputWidth * format.bytesPerPixel)
    var progress = ProgressBar("measuring", total: warmup + runs)
    defer { progress.clear() }
    try pixels.withUnsafeBytes { (bytes) throws in
      let batch = try Batch(.pixels(format), data: bytes.baseAddress, count: batch)
      for run in 0..<warmup + runs {
        try body(batch, run >= warmup)
        progress.advance()
      }
    }
  }

  private func milliseconds(since start: UInt64) -> Double { Double(gln_nanoseconds() - start) / 1e6 }
}
