/// A line on the terminal that shows how far long work has come; nothing where standard error is no terminal.
struct ProgressBar {
  private let title: String
  private let total: Int
  private let isShown: Bool
  private var done = 0
  private static let width = 32

  init(_ title: String, total: Int, quiet: Bool = false) {
    self.title = title
    self.total = total
    isShown = Terminal.isWatched && total > 1 && !quiet
    draw()
  }

  mutating func advance() {
    done += 1
    draw()
  }

  /// Takes the line away, for other output to come.
  func clear() {
    if isShown { Terminal.write("\r\u{1B}[K") }
  }

  private func draw() {
    guard isShown else { return }
    let filled = ProgressBar.width * done / total
    let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: ProgressBar.width - filled)
    Terminal.write("\r\(title) [\(bar)] \(done)/\(total)")
  }
}
