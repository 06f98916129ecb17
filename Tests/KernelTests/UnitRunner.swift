import CKernels

/// What came of running all units of an operation.
struct UnitRun {
  /// Whether nothing was written outside of the scratch.
  var untouched = true
  /// Whether a unit found a value that is not finite.
  var notFinite = false
}

/// Runs all units of all phases as threads in the worst order would: shuffled, with poisoned scratch each time.
func observeUnits<Arguments>(
  _ run: gln_run_unit, _ arguments: Arguments, counts: [Int32], scratchSize: Int = 0, _ random: inout Random
) -> UnitRun {
  var result = UnitRun()
  for (phase, count) in counts.enumerated() {
    for unit in (0..<count).shuffled(using: &random) {
      let memory = GuardedBuffer<UInt8>(count: Int(GLN_ALIGNMENT) + scratchSize)
      let scratch = memory.pointer + Int(GLN_ALIGNMENT)
      let findings: UnsafeMutablePointer<gln_findings> = gln_findings_of(scratch)
      findings.pointee = gln_findings()
      withUnsafePointer(to: arguments) { run($0, Int32(phase), unit, scratch) }
      result.notFinite = result.notFinite || findings.pointee.not_finite != 0
      let rest = MemoryLayout<gln_findings>.size..<Int(GLN_ALIGNMENT)
      result.untouched = result.untouched && memory.surroundingsAreUntouched && rest.allSatisfy(memory.isUntouched)
    }
  }
  return result
}

/// The same, and whether nothing was written outside of the scratch and all values were finite.
func runUnits<Arguments>(
  _ run: gln_run_unit, _ arguments: Arguments, counts: [Int32], scratchSize: Int = 0, _ random: inout Random
) -> Bool {
  let result = observeUnits(run, arguments, counts: counts, scratchSize: scratchSize, &random)
  return result.untouched && !result.notFinite
}
