import Glibc
import GoogLeNet

/// Standard error: complaints, and whether a person is watching.
enum Terminal {
  /// Whether lines can be drawn over: a terminal that can move its cursor.
  static var isWatched: Bool {
    guard isatty(STDERR_FILENO) == 1, let kind = getenv("TERM") else { return false }
    return strcmp(kind, "dumb") != 0 && kind.pointee != 0
  }

  /// How many characters a line holds.
  static var columns: Int {
    var size = winsize()
    return ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
  }

  static func write(_ text: String) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
      guard count > 0 || errno == EINTR else { return }
      bytes = bytes.dropFirst(max(count, 0))
    }
  }

  /// The error as a line, and a second one where there is something to try.
  static func complain(_ error: GoogLeNetError) {
    write("googlenet: \(error.message)\n")
    if let advice = advice(error.status) { write("           \(advice)\n") }
  }

  private static func advice(_ status: Status) -> String? {
    switch status {
    case .unsupportedVersion: "The file needs a newer googlenet than \(Version.text)."
    case .backendUnavailable: "On Debian: apt-get install libopenblas0-pthread. Or leave out --backend openblas."
    case .outOfMemory: "Try a smaller --batch or fewer --threads."
    case .limitExceeded: "Give more memory with --memory-limit."
    case .ok, .invalidArgument, .ioError, .invalidModel, .unsupported, .notFound, .bufferTooSmall, .busy, .wrongProcess,
      .cancelled,
      .notFinite:
      nil
    }
  }
}
