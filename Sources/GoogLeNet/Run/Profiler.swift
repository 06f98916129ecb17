import CPlatform

/// Runs a plan task by task, each on all threads with nothing beside it, and takes the times.
struct Profiler {
  let plan: Plan
  let crew: Crew
  /// Nanoseconds of the last run: of filling the network's input, then of each operation of the plan.
  private(set) var nanoseconds: [UInt64]

  init(plan: Plan, crew: Crew) {
    self.plan = plan
    self.crew = crew
    nanoseconds = [UInt64](repeating: 0, count: 1 + plan.operations.count)
  }

  mutating func run(first: Stage) throws(GoogLeNetError) {
    for index in nanoseconds.indices { nanoseconds[index] = 0 }
    plan.arena.enter(step: 0)
    nanoseconds[0] = try time(of: first)
    for (number, stage) in plan.stages.enumerated() {
      plan.arena.enter(step: 1 + number)
      for (index, task) in stage.tasks.enumerated() {
        nanoseconds[1 + task.operation] += try time(of: stage.only(index))
      }
    }
    plan.arena.enter(step: 1 + plan.stages.count)
  }

  private func time(of stage: Stage) throws(GoogLeNetError) -> UInt64 {
    let start = gln_nanoseconds()
    try crew.run(stage, scratch: plan.scratch, scratchStride: plan.scratchStride)
    return gln_nanoseconds() - start
  }
}
