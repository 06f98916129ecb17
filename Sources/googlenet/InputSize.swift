import ArgumentParser
import GoogLeNet

/// A network's input size in pixels: "224", or height by width, "224x320".
struct InputSize: ExpressibleByArgument {
  let height: Int
  let width: Int

  init?(argument: String) {
    let parts = argument.split(separator: "x", omittingEmptySubsequences: false)
    let sides = parts.compactMap { Int($0) }.filter { 1...SessionOptions.inputSizeLimit ~= $0 }
    guard sides.count == parts.count, 1...2 ~= sides.count else { return nil }
    height = sides[0]
    width = sides[sides.count - 1]
  }
}
