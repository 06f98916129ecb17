import GoogLeNet

/// The memory that the values of one conversion may take at a time: a small file can name the same numbers many times,
/// or make many of few.
///
/// Everything counts whose size a file decides: unpacked messages and archives, constants, their copies, tensors and
/// the output.
final class ValueBudget {
  /// How errors name the file that is converted.
  private let name: String
  /// What was asked for.
  private let limit: Int?
  /// Of the files that were counted, holes apart.
  private var fileBytes = 0
  private(set) var counted: Set<StoredFile.Identity> = []
  private var used = 0

  /// Allowed of any file: networks are described by more than their weights.
  private static let base = 64 << 20
  /// A byte of a file may become a float32 value, of which two copies may be needed at a time.
  private static let factor = 8
  /// About what a node takes with its names and places in tables.
  private static let nodeBytes = 512

  /// - Parameter limit: bytes that are allowed whatever the files' size is.
  init(name: String, limit: Int? = nil) {
    self.name = name
    self.limit = limit
  }

  private var allowed: Int {
    limit ?? ValueBudget.base + ValueBudget.factor * min(fileBytes, 64 * InputFile.sizeLimit)
  }

  /// What may still be taken.
  var left: Int { max(allowed - used, 0) }

  // MARK: - Files

  /// Allows more for a file that the conversion reads, once.
  func count(_ file: StoredFile) {
    if counted.insert(file.identity).inserted { count(bytes: file.byteCount) }
  }

  /// Allows more for a file or stream that was opened by a path.
  func count(_ mapped: MappedFile, path: String) {
    if mapped.isStream {
      count(bytes: mapped.bytes.count)
    } else if let stored = StoredFile(path: path) {
      count(stored)
    }
  }

  /// Allows more for bytes of which is not known where they are stored.
  func count(bytes: Int) { fileBytes = min(fileBytes + bytes, Int.max / 2) }

  // MARK: - Values

  /// Counts bytes as taken, until the conversion ends or they are given back.
  /// - Throws: `limitExceeded` that says how much is needed and allowed.
  func take(_ bytes: Int) throws(GoogLeNetError) {
    let (needed, overflow) = used.addingReportingOverflow(bytes)
    guard !overflow, needed <= allowed else { throw refusal(overflow ? Int.max : needed) }
    used = needed
  }

  /// Counts the nodes of a graph as taken, which may be many times as large as in the file.
  func take(nodes count: Int) throws(GoogLeNetError) {
    let (bytes, overflow) = count.multipliedReportingOverflow(by: ValueBudget.nodeBytes)
    try take(overflow ? Int.max : bytes)
  }

  /// Counts bytes as free again that `take` counted.
  func giveBack(_ bytes: Int) { used -= bytes }

  /// What `count` values take; more than any budget where that does not fit.
  static func bytes<Value>(_ count: Int, of type: Value.Type) -> Int {
    let (bytes, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<Value>.stride)
    return overflow ? Int.max : bytes
  }

  /// The error of a conversion that would take more.
  /// - Parameter beyond: bytes besides those that are taken.
  func refusal(beyond bytes: Int) -> GoogLeNetError { refusal(used.addingReportingOverflow(bytes).partialValue) }

  private func refusal(_ needed: Int) -> GoogLeNetError {
    let rule =
      limit == nil
      ? "(64 MiB, and \(ValueBudget.factor) times the \(fileBytes) bytes of it and the files it refers to)"
      : "(the memory limit)"
    return GoogLeNetError(
      .limitExceeded,
      "'\(name)': converting it needs at least \(needed) bytes of memory, \(allowed) are allowed \(rule)")
  }

  /// Counts bytes as taken as long as what is returned lives.
  func charge(_ bytes: Int) throws(GoogLeNetError) -> ValueCharge { try ValueCharge(self, bytes) }

  /// Counts bytes as taken while `body` runs.
  func lend<Result>(_ bytes: Int, _ body: () throws(GoogLeNetError) -> Result) throws(GoogLeNetError) -> Result {
    try take(bytes)
    defer { giveBack(bytes) }
    return try body()
  }
}
