import ArgumentParser
import GoogLeNet

/// The options that say how a session is to run.
struct SessionArguments: ParsableArguments {
  @Option(help: "Threads to use, 1 to \(ThreadTeam.threadLimit); 0 for as many as allowed CPUs.")
  var threads = 0

  @Option(help: "What to compute in; auto is the model's own.")
  var precision = Choice(Precision.auto)

  @Option(help: "The best instruction set to use; one that the CPU lacks is lowered to what it has.")
  var maxISA = Choice(ISA.best)

  @Option(help: "What computes float32 convolutions.")
  var backend = Choice(Backend.native)

  @Option(help: "The convolution algorithms to choose from.")
  var algorithm = Choice(Algorithm.auto)

  @Option(
    help: ArgumentHelp(
      "The most memory to take besides the model file: weights made ready, activations and pixels.",
      valueName: "MiB"))
  var memoryLimit: UInt64 = SessionOptions.defaultMemoryLimit >> 20

  func validate() throws {
    guard 1...UInt64.max >> 20 ~= memoryLimit else {
      throw ValidationError("--memory-limit is \(memoryLimit) MiB: 1 to \(UInt64.max >> 20) are possible")
    }
    guard 0...ThreadTeam.threadLimit ~= threads else {
      throw ValidationError("--threads is \(threads): use 1 to \(ThreadTeam.threadLimit), or 0 for the allowed CPUs")
    }
  }

  var options: SessionOptions {
    var options = SessionOptions()
    options.threads = threads
    options.precision = precision.value
    options.maxISA = maxISA.value
    options.backend = backend.value
    options.algorithm = algorithm.value
    options.memoryLimit = memoryLimit << 20
    return options
  }

  /// The same, but in the model's own precision.
  var autoPrecision: SessionOptions {
    var options = options
    options.precision = .auto
    return options
  }

  /// What a session made of them really uses, for reports.
  static func report(_ session: Session) -> [(String, JSON)] {
    [
      ("threads", .integer(session.threads)),
      ("isa", .string(session.isa.choiceName)),
      ("precision", .string(session.precision.choiceName)),
      ("backend", .string(session.backend.choiceName)),
    ]
  }
}
