@testable import GoogLeNet

/// How a session of a random network runs.
struct RunSetting: CustomStringConvertible {
  var isa = ISA.best
  var algorithm = Algorithm.auto
  var threads = 1
  var precision = Precision.auto
  /// 0 for the model's own.
  var height = 0
  var width = 0

  var description: String {
    "\(isa.name) \(algorithm) \(threads) threads \(precision) \(height) x \(width)"
  }

  var options: SessionOptions {
    var options = SessionOptions()
    options.maxISA = isa
    options.algorithm = algorithm
    options.threads = threads
    options.precision = precision
    options.inputHeight = height
    options.inputWidth = width
    options.spinMicroseconds = 0
    return options
  }

  /// The tiers that this CPU has.
  static let tiers = ISA.allCases.filter { tier in
    tier != .best && (try? KernelSelection(maxISA: tier))?.isa == tier
  }
}
