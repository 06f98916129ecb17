import ArgumentParser
import GoogLeNet

/// A text and its key, as "licence=CC BY 4.0".
struct MetadataArgument: ExpressibleByArgument {
  let entry: MetadataEntry

  init?(argument: String) {
    guard let separator = argument.firstIndex(of: "="), separator > argument.startIndex else { return nil }
    entry = MetadataEntry(
      key: String(argument[..<separator]), value: String(argument[argument.index(after: separator)...]))
  }
}
