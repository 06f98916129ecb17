import Glibc
import GoogLeNet

/// The memory that a session and its model hold, and what the whole process took at its peak.
struct MemoryReport {
  private let memory: SessionMemory

  init(_ session: Session) { memory = session.memory }

  /// What the system counts of this process at its peak: the tool itself, libraries and the file's mapped pages included.
  static var processPeakBytes: Int {
    var usage = rusage()
    return getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 ? usage.ru_maxrss * 1024 : 0
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
