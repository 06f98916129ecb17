import CKernels
import CPlatform

/// The threads of a session: its own team, or the caller's parallel-for. Runs one job at a time.
final class Crew {
  let threads: Int
  private let team: OpaquePointer?
  private let parallelFor: SessionOptions.ParallelFor?
  /// Hands out units of work.
  private let counter: OpaquePointer

  init(options: SessionOptions) throws(GoogLeNetError) {
    threads = options.threads == 0 ? min(Int(gln_allowed_cpus()), SessionOptions.threadLimit) : options.threads
    parallelFor = options.parallelFor
    guard let counter = gln_counter_create() else {
      throw GoogLeNetError(.outOfMemory, "no memory for a counter")
    }
    self.counter = counter
    if threads > 1, parallelFor == nil {
      team = gln_team_create(Int32(threads), Int32(options.spinMicroseconds))
      if team == nil {
        // The instance is initialized, so its deinit frees the counter.
        throw GoogLeNetError(.outOfMemory, "the system does not start \(threads - 1) threads; ask for fewer")
      }
    } else {
      team = nil
    }
  }

  deinit {
    gln_team_free(team)
    gln_counter_free(counter)
  }

  /// Runs a stage of a plan.
  func run(_ stage: Plan.Stage, scratch: UnsafeMutableRawPointer, scratchStride: Int) {
    if threads == 1 || stage.units == 1 {
      for task in stage.tasks {
        for unit in 0..<task.units { task.run(task.arguments, task.phase, Int32(truncatingIfNeeded: unit), scratch) }
      }
      return
    }
    var job = StageJob(stage: stage, counter: counter, scratch: scratch, scratchStride: scratchStride)
    gln_counter_store(counter, 0)
    withUnsafeMutablePointer(to: &job) {
      dispatch(
        { context, index in context?.assumingMemoryBound(to: StageJob.self).pointee.work(index) },
        UnsafeMutableRawPointer($0))
    }
  }

  /// Calls `body` with every number from 0 to `count` − 1, on all threads. Not for the hot path.
  func forEach(_ count: Int, _ body: (Int) -> Void) {
    if threads == 1 || count <= 1 {
      for index in 0..<count { body(index) }
      return
    }
    gln_counter_store(counter, 0)
    withoutActuallyEscaping(body) { body in
      var job = LoopJob(count: count, counter: counter, body: body)
      withUnsafeMutablePointer(to: &job) {
        dispatch(
          { context, _ in context?.assumingMemoryBound(to: LoopJob.self).pointee.work() }, UnsafeMutableRawPointer($0))
      }
    }
  }

  private func dispatch(_ work: SessionOptions.ParallelFor.Work, _ context: UnsafeMutableRawPointer) {
    if let parallelFor {
      parallelFor.run(parallelFor.context, threads, work, context)
    } else {
      gln_team_run(team, work, context)
    }
  }

  private struct StageJob {
    let stage: Plan.Stage
    let counter: OpaquePointer
    let scratch: UnsafeMutableRawPointer
    let scratchStride: Int

    /// Takes units, in the order of the tasks, until there are none left.
    func work(_ thread: Int) {
      let scratch = scratch + thread &* scratchStride
      var task = 0
      var before = 0
      while true {
        let unit = Int(gln_counter_add(counter, 1))
        guard unit < stage.units else { return }
        while unit &- before >= stage.tasks[task].units {
          before &+= stage.tasks[task].units
          task &+= 1
        }
        let it = stage.tasks[task]
        it.run(it.arguments, it.phase, Int32(truncatingIfNeeded: unit &- before), scratch)
      }
    }
  }

  private struct LoopJob {
    let count: Int
    let counter: OpaquePointer
    let body: (Int) -> Void

    func work() {
      while true {
        let index = Int(gln_counter_add(counter, 1))
        guard index < count else { return }
        body(index)
      }
    }
  }
}
