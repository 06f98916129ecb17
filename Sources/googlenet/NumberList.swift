import ArgumentParser

/// One number or several, separated by commas: "104,117,123".
struct NumberList: ExpressibleByArgument {
  let values: [Float]

  init?(argument: String) {
    let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
    values = parts.compactMap { Float($0) }.filter(\.isFinite)
    guard values.count == parts.count else { return nil }
  }
}
