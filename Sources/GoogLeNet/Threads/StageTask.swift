import CKernels

/// One phase of one operation: units of work that do not depend on each other.
struct StageTask {
  let run: gln_run_unit
  let arguments: UnsafeRawPointer
  let phase: Int32
  let units: Int
  /// Its index in the plan's operations.
  var operation = 0
  /// Of a convolution's last phase.
  var weightOrder: WeightOrder?

  /// The units that a thread begins with, the same each time: neighbouring units mostly work on neighbouring pixels, and what a
  /// thread writes in one stage it best reads itself in the next.
  func share(of thread: Int, _ threads: Int) -> Range<Int> {
    thread &* units / threads..<(thread &+ 1) &* units / threads
  }
}
