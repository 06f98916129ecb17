import GoogLeNet

/// Text files of class names.
public enum LabelsFile {
  /// Reads a file of one label a line, in class order; see `parse`.
  public static func read(path: String) throws(GoogLeNetError) -> [String] {
    let file = try MappedFile(path: path, readingStreams: true)
    return try withExtendedLifetime(file) { () throws(GoogLeNetError) in try parse(file.bytes, name: path) }
  }

  /// One label a line (UTF-8, line ends LF or CRLF), in class order; empty lines at the end do not count.
  /// Where every line begins with a WordNet synset id and a space, as `n01440764 tench, Tinca tinca`, the ids stay out
  /// of the labels; where only some do, they belong to them.
  public static func parse(_ bytes: UnsafeRawBufferPointer, name: String) throws(GoogLeNetError) -> [String] {
    guard bytes.count <= 64 << 20 else {
      throw GoogLeNetError(.invalidArgument, "labels file '\(name)' has \(bytes.count) bytes: at most 64 MiB are read")
    }
    var lines: [[UInt8]] = []
    let skipped = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    for line in bytes.dropFirst(skipped).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      lines.append(trimmed(line))
    }
    while lines.last?.isEmpty == true { lines.removeLast() }
    guard !lines.isEmpty else { throw GoogLeNetError(.invalidArgument, "labels file '\(name)' has no labels") }
    if lines.allSatisfy(startsWithSynset) {
      for index in lines.indices { lines[index] = trimmed(lines[index].dropFirst(10)) }
    }
    var labels: [String] = []
    for (index, line) in lines.enumerated() {
      guard !line.isEmpty else {
        throw GoogLeNetError(.invalidArgument, "labels file '\(name)': line \(index + 1) is empty: one label a line")
      }
      guard let label = String(validating: line, as: UTF8.self), !line.contains(0) else {
        throw GoogLeNetError(.invalidArgument, "labels file '\(name)': line \(index + 1) is not UTF-8 text")
      }
      labels.append(label)
    }
    return labels
  }

  /// `n`, eight digits, a space or tab, and something after it.
  private static func startsWithSynset(_ line: [UInt8]) -> Bool {
    line.count > 10 && line[0] == UInt8(ascii: "n") && (line[9] == 0x20 || line[9] == 0x09)
      && line[1...8].allSatisfy { 0x30...0x39 ~= $0 }
  }

  private static func trimmed(_ line: some Collection<UInt8>) -> [UInt8] {
    let blank: [UInt8] = [0x20, 0x09, 0x0D]
    var result = [UInt8](line.drop { blank.contains($0) })
    while let last = result.last, blank.contains(last) { result.removeLast() }
    return result
  }
}
