import Glibc
import GoogLeNet

/// The model that comes with the tool: ten kinds of clothing.
enum BundledModel {
  private static let name = "clothing.gln"

  /// Looked for where `GOOGLENET_MODEL` says, where `make install` puts it, and in the repository that the tool was built in.
  static func path() throws(GoogLeNetError) -> String {
    if let named = getenv("GOOGLENET_MODEL"), named[0] != 0 {
      guard access(named, R_OK) == 0 else {
        let reason = String(cString: strerror(errno))
        throw GoogLeNetError(
          .ioError,
          "GOOGLENET_MODEL says '\(PathText.visible(PathText.text(of: named)))': \(reason)")
      }
      return PathText.text(of: named)
    }
    let folder = executableFolder()
    let candidates = ["\(folder)/../share/googlenet/\(name)", "\(folder)/../../models/\(name)"]
    for candidate in candidates where PathText.withCString(candidate, { access($0, R_OK) }) == 0 { return candidate }
    throw GoogLeNetError(
      .ioError,
      "the bundled model is in none of \(candidates.joined(separator: ", ")): name a model, or set GOOGLENET_MODEL to one"
    )
  }

  private static func executableFolder() -> String {
    var path = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlink("/proc/self/exe", &path, path.count)
    let text = PathText.text(of: path.prefix(max(count, 0)).map { UInt8(bitPattern: $0) })
    return text.lastIndex(of: "/").map { String(text[..<$0]) } ?? "."
  }
}
