import ArgumentParser
import Conversion

/// How ranges are chosen: "max", "mse", "kl", or a percentage such as "99.99".
struct RangeChoice: ExpressibleByArgument {
  let method: RangeMethod

  init(_ method: RangeMethod) { self.method = method }

  init?(argument: String) {
    switch argument {
    case "max": method = .minMax
    case "mse": method = .meanSquaredError
    case "kl": method = .kullbackLeibler
    default:
      guard let percentage = Double(argument), percentage > 0, percentage <= 100 else { return nil }
      method = .percentile(percentage)
    }
  }

  var defaultValueDescription: String {
    switch method {
    case .minMax: "max"
    case .meanSquaredError: "mse"
    case .kullbackLeibler: "kl"
    case .percentile(let percentage): "\(percentage)"
    }
  }
}
