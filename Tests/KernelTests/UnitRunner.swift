import CKernels

/// Runs all units of all phases as threads in the worst order would: shuffled, with poisoned scratch each time.
func runUnits<Arguments>(
  _ run: gln_run_unit, _ arguments: Arguments, counts: [Int32], scratchSize: Int = 0, _ random: inout Random
) -> Bool {
  var untouched = true
  for (phase, count) in counts.enumerated() {
    for unit in (0..<count).shuffled(using: &random) {
      let scratch = GuardedBuffer<UInt8>(count: scratchSize)
      withUnsafePointer(to: arguments) { run($0, Int32(phase), unit, scratch.pointer) }
      untouched = untouched && scratch.surroundingsAreUntouched
    }
  }
  return untouched
}
