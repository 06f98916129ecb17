import GoogLeNet

/// A file of class names: one a line, or JSON.
public struct LabelsFile {
  /// In class order.
  public let labels: [String]
  /// The WordNet ids of the classes; none where not all of them have one.
  public let synsets: [String]

  /// What stands for a class.
  private struct Entry {
    var synset: [UInt8]?
    var text: [UInt8]
  }

  /// A model's labels have 4 MiB at most.
  private static let sizeLimit = 8 << 20

  /// Reads a file; see `parse`.
  public static func read(path: String) throws(GoogLeNetError) -> LabelsFile {
    let file = try MappedFile(path: path, readingStreams: true)
    return try withExtendedLifetime(file) { () throws(GoogLeNetError) in try parse(file.bytes, name: path) }
  }

  /// One label a line (UTF-8, line ends LF or CRLF), in class order, where empty lines at the end do not count; or JSON:
  /// a list of labels, or an object of them by class number, alone or as `id2label` of a Hugging Face config.json.
  /// A JSON label may be a pair of a WordNet synset id and a name, as in Keras's imagenet_class_index.json.
  /// Where every label begins with a synset id and a space, as `n01440764 tench, Tinca tinca`, the ids stay out of the
  /// labels; where only some do, they belong to them.
  public static func parse(_ bytes: UnsafeRawBufferPointer, name: String) throws(GoogLeNetError) -> LabelsFile {
    guard bytes.count <= sizeLimit else {
      throw GoogLeNetError(
        .invalidArgument, "labels file '\(name)' has \(bytes.count) bytes: at most \(sizeLimit >> 20) MiB are read")
    }
    let skipped = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    let text = UnsafeRawBufferPointer(rebasing: bytes[skipped...])
    let isJSON = startsAsJSON(text)
    var found = isJSON ? try entries(ofJSON: text, name) : try lines(of: text, name)
    guard !found.isEmpty else { throw GoogLeNetError(.invalidArgument, "labels file '\(name)' has no labels") }
    if found.allSatisfy({ $0.synset == nil && startsWithSynset($0.text) }) {
      found = found.map { Entry(synset: [UInt8]($0.text.prefix(9)), text: trimmed($0.text.dropFirst(10))) }
    }
    var labels: [String] = []
    for (index, bytes) in found.map(\.text).enumerated() {
      let place = isJSON ? "the label of class \(index)" : "line \(index + 1)"
      guard !bytes.isEmpty else {
        throw GoogLeNetError(
          .invalidArgument, "labels file '\(name)': \(place) is empty\(isJSON ? "" : ": one label a line")")
      }
      guard let label = String(validating: bytes, as: UTF8.self), !bytes.contains(0) else {
        throw GoogLeNetError(.invalidArgument, "labels file '\(name)': \(place) is not UTF-8 text")
      }
      labels.append(label)
    }
    let synsets = found.compactMap(\.synset).map { String(decoding: $0, as: UTF8.self) }
    return LabelsFile(labels: labels, synsets: synsets.count == labels.count ? synsets : [])
  }

  // MARK: - Lines

  private static func lines(of text: UnsafeRawBufferPointer, _ name: String) throws(GoogLeNetError) -> [Entry] {
    var lines: [Entry] = []
    var rest = text[...]
    while !rest.isEmpty {
      let line = rest.prefix { $0 != UInt8(ascii: "\n") }
      lines.append(Entry(text: trimmed(line)))
      rest = rest.dropFirst(line.count + 1)
      guard lines.count <= ModelLimits.labels else {
        throw GoogLeNetError(
          .invalidArgument,
          "labels file '\(name)' has more than \(ModelLimits.labels) lines: a model has no more labels")
      }
    }
    while lines.last?.text.isEmpty == true { lines.removeLast() }
    return lines
  }

  /// `n`, eight digits, a space or tab, and something after it.
  private static func startsWithSynset(_ line: [UInt8]) -> Bool {
    line.count > 10 && isSynset(line.prefix(9)) && (line[9] == 0x20 || line[9] == 0x09)
  }

  private static func isSynset(_ text: some Collection<UInt8>) -> Bool {
    text.count == 9 && text.first == UInt8(ascii: "n") && text.dropFirst().allSatisfy { 0x30...0x39 ~= $0 }
  }

  private static func trimmed(_ line: some Collection<UInt8>) -> [UInt8] {
    let blank: [UInt8] = [0x20, 0x09, 0x0D]
    var result = [UInt8](line.drop { blank.contains($0) })
    while let last = result.last, blank.contains(last) { result.removeLast() }
    return result
  }

  // MARK: - JSON

  /// Whether the text begins as JSON that can hold labels does: a bracket, and then what may follow it. A label of a
  /// line may begin with a bracket, too.
  private static func startsAsJSON(_ text: UnsafeRawBufferPointer) -> Bool {
    let start = text.lazy.filter { ![0x20, 0x09, 0x0D, 0x0A].contains($0) }.prefix(2)
    guard let first = start.first, let second = start.dropFirst().first else { return false }
    switch first {
    case UInt8(ascii: "{"): return [UInt8]("\"}".utf8).contains(second)
    case UInt8(ascii: "["): return [UInt8]("\"[]".utf8).contains(second)
    default: return false
    }
  }

  private static func entries(ofJSON text: UnsafeRawBufferPointer, _ name: String) throws(GoogLeNetError) -> [Entry] {
    let root: JSONValue
    do throws(JSONValue.Fault) { root = try JSONValue(text) } catch {
      throw GoogLeNetError(
        .invalidArgument, "labels file '\(name)': its JSON is broken at byte \(error.offset): \(error.what)")
    }
    if let items = root.items {
      var entries: [Entry] = []
      for (index, item) in items.enumerated() { entries.append(try entry(item, "\(index)", name)) }
      return entries
    }
    return try entries(ofObject: root["id2label"] ?? root, name)
  }

  /// Those of an object whose keys are the classes' numbers, in any order.
  private static func entries(ofObject object: JSONValue, _ name: String) throws(GoogLeNetError) -> [Entry] {
    guard let members = object.members else {
      throw GoogLeNetError(
        .invalidArgument, "labels file '\(name)': its id2label is no object of labels by class number")
    }
    var entries = [Entry?](repeating: nil, count: members.count)
    for (key, value) in members {
      guard let index = Int(key), "\(index)" == key, entries.indices.contains(index) else {
        throw GoogLeNetError(
          .invalidArgument,
          "labels file '\(name)': the key '\(key)' is not one of 0 to \(members.count - 1), the numbers of "
            + "\(Counted.text(members.count, "class", "classes")): a list, an object by class number or one with "
            + "'id2label' is read")
      }
      entries[index] = try entry(value, key, name)
    }
    return entries.compactMap { $0 }
  }

  /// A text, or a pair of a synset id and a name.
  private static func entry(_ value: JSONValue, _ key: String, _ name: String) throws(GoogLeNetError) -> Entry {
    if let text = value.string { return Entry(text: trimmed(text.utf8)) }
    if let pair = value.items, pair.count == 2, let synset = pair[0].string, isSynset(synset.utf8),
      let text = pair[1].string
    {
      return Entry(synset: [UInt8](synset.utf8), text: trimmed(text.utf8))
    }
    throw GoogLeNetError(
      .invalidArgument,
      "labels file '\(name)': the label of class \(key) is neither a text nor a pair of a synset id and a name")
  }
}
