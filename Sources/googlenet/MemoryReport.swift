import Glibc
import GoogLeNet

/// The memory that a session and its model hold, and what the whole process took at its peak.
struct MemoryReport {
  private let memory: SessionMemory

  init(_ session: Session) { memory = session.memory }

  /// What the system counts of this process at its peak: the tool itself, libraries and the file's mapped pages included.
  /// Not of getrusage, whose figure begins with what the process that started this one took.
  static var processPeakBytes: Int {
    guard let status = fopen("/proc/self/status", "r") else { return 0 }
    defer { fclose(status) }
    var line = [CChar](repeating: 0, count: 256)
    while fgets(&line, Int32(line.count), status) != nil {
      let text = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
      let words = text.split { $0.isWhitespace }
      if words.first == "VmHWM:", words.count > 1 { return (Int(words[1]) ?? 0) * 1024 }
    }
    return 0
  }

  var members: [(String, JSON)] {
    [
      ("model_bytes", .integer(memory.model)), ("weight_bytes", .integer(memory.weights)),
      ("arena_bytes", .integer(memory.arena)), ("scratch_bytes", .integer(memory.scratch)),
      ("picture_bytes", .integer(memory.picture)), ("peak_bytes", .integer(memory.peak)),
      ("process_peak_bytes", .integer(MemoryReport.processPeakBytes)),
    ]
  }

  var text: String {
    "\(Formatting.megabytes(memory.weights)) weights, \(Formatting.megabytes(memory.arena)) activations, "
      + "\(Formatting.megabytes(memory.scratch)) scratch; at most \(Formatting.megabytes(memory.peak)) at once"
  }
}
