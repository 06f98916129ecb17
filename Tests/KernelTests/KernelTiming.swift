import CKernels
import CPlatform

/// How long a kernel takes.
struct KernelTiming {
  /// Of the fastest of several runs.
  let nanoseconds: Double

  /// Times all units of an operation, one after another on this thread.
  init<Arguments>(_ run: gln_run_unit, _ arguments: Arguments, counts: [Int32], scratchSize: Int = 0) {
    let memory = GuardedBuffer<UInt8>(count: Int(GLN_ALIGNMENT) + scratchSize)
    let scratch = memory.pointer + Int(GLN_ALIGNMENT)
    let findings: UnsafeMutablePointer<gln_findings> = gln_findings_of(scratch)
    findings.pointee = gln_findings()
    var least = Double.infinity
    var spent = 0.0
    var runs = 0
    while runs < 5 || spent < 20e6 && runs < 10_000 {
      let start = gln_nanoseconds()
      withUnsafePointer(to: arguments) { arguments in
        for (phase, count) in counts.enumerated() {
          for unit in 0..<count { run(arguments, Int32(phase), unit, scratch) }
        }
      }
      let time = Double(gln_nanoseconds() - start)
      least = min(least, time)
      spent += time
      runs += 1
    }
    nanoseconds = least
  }
}
