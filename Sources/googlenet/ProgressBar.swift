/// A line on the terminal that shows how far long work has come, how fast it goes and how long it will take; nothing where nobody
/// watches.
struct ProgressBar {
  private let title: String
  private let total: Int
  private let isShown: Bool
  private let start = ContinuousClock.now
  private var lastDrawn: ContinuousClock.Instant?
  private var done = 0
  private static let widest = 32
  private static let narrowest = 8

  init(_ title: String, total: Int, quiet: Bool = false) {
    self.title = title
    self.total = total
    isShown = Terminal.isWatched && total > 1 && !quiet
    draw()
  }

  mutating func advance() {
    done += 1
    let now = ContinuousClock.now
    // No faster than an eye can follow.
    if let lastDrawn, done < total, now - lastDrawn < .milliseconds(50) { return }
    lastDrawn = now
    draw()
  }

  /// Takes the line away, for other output to come.
  func clear() {
    if isShown { Terminal.write("\r\u{1B}[K") }
  }

  private func draw() {
    guard isShown else { return }
    Terminal.write("\r\(line(columns: Terminal.columns - 1))\u{1B}[K")
  }

  /// As much as fits: the time left goes first, then the bar, the rate and the title.
  private func line(columns: Int) -> String {
    let count = "\(done)/\(total)"
    let (rate, left) = speed()
    for end in ["\(count)\(rate)\(left)", "\(count)\(rate)"] {
      // Two brackets and two spaces.
      let room = columns - title.count - end.count - 4
      if room >= ProgressBar.narrowest { return "\(title) \(bar(min(room, ProgressBar.widest))) \(end)" }
    }
    for text in ["\(title) \(count)\(rate)", "\(title) \(count)", count] where text.count <= columns { return text }
    return String("\(100 * done / total)%".prefix(max(columns, 0)))
  }

  private func bar(_ width: Int) -> String {
    let filled = width * done / total
    return "[\(String(repeating: "#", count: filled))\(String(repeating: ".", count: width - filled))]"
  }

  /// ", 12.5/s" and ", 0:07 left", once there is something to go by.
  private func speed() -> (rate: String, left: String) {
    let passed = start.duration(to: .now) / .seconds(1)
    guard done > 0, passed > 0.2 else { return ("", "") }
    let rate = Double(done) / passed
    let shown = rate >= 0.1 ? ", \(Formatting.decimal(rate, rate < 100 ? 1 : 0))/s" : ""
    guard done < total else { return (shown, "") }
    let seconds = Int(min(Double(total - done) / rate, 359_999).rounded(.up))
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60)
    let clock = hours > 0 ? "\(hours):\(two(minutes)):\(two(seconds % 60))" : "\(minutes):\(two(seconds % 60))"
    return (shown, ", \(clock) left")
  }

  private func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
