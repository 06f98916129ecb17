import Glibc

/// Text for people.
enum Formatting {
  /// With a fixed number of decimals.
  static func decimal(_ value: Double, _ decimals: Int) -> String {
    var text = [CChar](repeating: 0, count: 400)
    let count = withVaList([Int32(decimals), value]) { vsnprintf(&text, text.count, "%.*f", $0) }
    return String(decoding: text.prefix(Int(max(count, 0))).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// 6998552 as "6,998,552".
  static func grouped(_ value: UInt64) -> String {
    let digits = Array(String(value))
    var text = ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
      text.append(digit)
    }
    return text
  }

  /// Bytes as "28.0 MB".
  static func megabytes(_ bytes: Int) -> String { decimal(Double(bytes) / 1e6, 1) + " MB" }

  /// Probability 0.8504 as "85.0 %".
  static func percent(_ probability: Float) -> String { decimal(Double(probability) * 100, 1) + " %" }

  enum Alignment {
    case left
    case right
  }

  /// Rows in columns two spaces apart, each as wide as its widest cell. What cells say may come from anywhere.
  static func table(_ rows: [[String]], _ alignments: [Alignment]) -> String {
    let rows = rows.map { $0.map(Terminal.visible) }
    let widths = alignments.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      let cells = row.indices.map { column in
        let filler = String(repeating: " ", count: widths[column] - row[column].count)
        return alignments[column] == .left ? row[column] + filler : filler + row[column]
      }
      var line = cells.joined(separator: "  ")
      while line.last == " " { line.removeLast() }
      return line + "\n"
    }.joined()
  }
}
