import CPlatform

/// Runs a plan task by task, each on all threads with nothing beside it, and takes the times.
struct Profiler {
  let buffers: PlanBuffers
  let crew: Crew
  /// Nanoseconds of the last run: of filling the network's input, then of each operation of the plan.
  private(set) var nanoseconds: [UInt64]

  init(buffers: PlanBuffers, crew: Crew) {
    self.buffers = buffers
    self.crew = crew
    nanoseconds = [UInt64](repeating: 0, count: 1 + buffers.plan.operations.count)
  }

  mutating func run(first: Stage) throws(GoogLeNetError) {
    for index in nanoseconds.indices { nanoseconds[index] = 0 }
    buffers.arena.enter(step: 0)
    nanoseconds[0] = try time(of: first)
    for (number, stage) in buffers.stages.enumerated() {
      buffers.arena.enter(step: 1 + number)
      for (index, task) in stage.tasks.enumerated() {
        nanoseconds[1 + task.operation] += try time(of: stage.only(index))
      }
    }
    buffers.arena.enter(step: 1 + buffers.stages.count)
  }

  private func time(of stage: Stage) throws(GoogLeNetError) -> UInt64 {
    let start = gln_nanoseconds()
    try crew.run(stage, scratch: buffers.scratch, scratchStride: buffers.scratchStride)
    return gln_nanoseconds() - start
  }
}
