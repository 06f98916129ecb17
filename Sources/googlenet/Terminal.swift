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

  /// Writes to standard error; where that cannot be written to, there is nobody to tell.
  static func write(_ text: String) {
    try? StandardStreams.write(text, to: STDERR_FILENO)
  }

  /// A text from elsewhere, a name or a message, as it may be shown: what moves the cursor, colours, ends a line or
  /// turns the direction of writing is escaped, and so are bytes of a path that are not UTF-8.
  static func visible(_ text: String) -> String {
    var visible = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\n": visible += "\\n"
      case "\r": visible += "\\r"
      case "\t": visible += "\\t"
      case _ where PathText.byte(of: scalar) != nil: visible += PathText.visible(String(scalar))
      case _ where isControl(scalar):
        let digits = String(scalar.value, radix: 16, uppercase: true)
        let (mark, width) = scalar.isASCII ? ("\\x", 2) : scalar.value > 0xFFFF ? ("\\U", 8) : ("\\u", 4)
        visible += mark + String(repeating: "0", count: width - digits.count) + digits
      default: visible.unicodeScalars.append(scalar)
      }
    }
    return visible
  }

  /// The control characters of ASCII and Latin-1, and those that end lines, direct writing or cannot be seen; those
  /// that join letters and emoji are needed.
  static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0...0x1F, 0x7F...0x9F, 0x61C, 0x200B, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x206F, 0xFEFF,
      0xFFF9...0xFFFB, 0xE0000...0xE007F:
      true
    default: false
    }
  }

  /// The error as a line, and a second one where there is something to try.
  static func complain(_ error: GoogLeNetError) {
    write("googlenet: \(visible(error.message))\n")
    if let advice = advice(error.status) { write("           \(advice)\n") }
  }

  private static func advice(_ status: Status) -> String? {
    switch status {
    case .unsupportedVersion: "The file needs a newer googlenet than \(Version.text)."
    case .backendUnavailable: "On Debian: apt-get install libopenblas0-pthread. Or leave out --backend openblas."
    case .outOfMemory: "Try a smaller --batch or fewer --threads."
    case .limitExceeded: "Where the command takes --memory-limit, that gives more memory."
    case .ok, .invalidArgument, .ioError, .invalidModel, .unsupported, .notFound, .bufferTooSmall, .busy, .wrongProcess,
      .cancelled,
      .notFinite:
      nil
    }
  }
}
