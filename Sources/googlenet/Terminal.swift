import Glibc
import GoogLeNet

/// Standard error: complaints, and whether a person is watching.
enum Terminal {
  static var isWatched: Bool { isatty(STDERR_FILENO) == 1 }

  static func write(_ text: String) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
      guard count > 0 || errno == EINTR else { return }
      bytes = bytes.dropFirst(max(count, 0))
    }
  }

  /// The error as a line, and a second one where there is something to try.
  /// - Parameter isConversion: whether it is about a trained file, not a model.
  static func complain(_ error: GoogLeNetError, isConversion: Bool = false) {
    write("googlenet: \(error.message)\n")
    if let advice = advice(error.status), !(isConversion && error.status == .invalidModel) {
      write("           \(advice)\n")
    }
  }

  private static func advice(_ status: Status) -> String? {
    switch status {
    case .invalidModel: "Make a model anew from the trained file with: googlenet convert INPUT -o MODEL"
    case .unsupportedVersion: "The file needs a newer googlenet than \(Version.text)."
    case .backendUnavailable: "On Debian: apt-get install libopenblas0-pthread. Or leave out --backend openblas."
    case .outOfMemory: "Try a smaller --batch or fewer --threads."
    case .limitExceeded: "Give more memory with --memory-limit."
    case .ok, .invalidArgument, .ioError, .unsupported, .notFound, .bufferTooSmall, .busy, .wrongProcess, .cancelled,
      .notFinite:
      nil
    }
  }
}
