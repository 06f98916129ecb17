import CKernels
import CPlatform

/// The threads of a session: its own team, or the caller's parallel-for. Runs one job at a time.
final class Crew {
  let threads: Int
  /// Whether the threads' cores share no cache, as far as that can be seen when they start; not for a caller's threads.
  let isApart: Bool
  /// The process that the threads are in.
  private let process = gln_process()
  private let team: OpaquePointer?
  private let parallelFor: SessionOptions.ParallelFor?
  /// Hand out units of work, one counter a thread.
  private let counters: UnsafeMutableBufferPointer<OpaquePointer>

  init(options: SessionOptions) throws(GoogLeNetError) {
    threads = options.threads == 0 ? min(Int(gln_allowed_cpus()), SessionOptions.threadLimit) : options.threads
    parallelFor = options.parallelFor
    guard let counters = Crew.makeCounters(threads) else {
      throw GoogLeNetError(.outOfMemory, "no memory for \(threads) counters")
    }
    self.counters = counters
    let needsTeam = threads > 1 && options.parallelFor == nil
    team = needsTeam ? gln_team_create(Int32(threads), Int32(options.spinMicroseconds)) : nil
    isApart = team != nil && threads <= Int(gln_allowed_cpus()) && gln_team_is_apart(team) != 0
    if needsTeam, team == nil {
      // The instance is initialized, so its deinit frees the counters.
      throw GoogLeNetError(.outOfMemory, "the system does not start \(threads - 1) threads; ask for fewer")
    }
  }

  deinit {
    gln_team_free(team)
    Crew.free(counters)
  }

  private static func makeCounters(_ count: Int) -> UnsafeMutableBufferPointer<OpaquePointer>? {
    let counters = UnsafeMutableBufferPointer<OpaquePointer>.allocate(capacity: count)
    for index in 0..<count {
      guard let counter = gln_counter_create() else {
        free(UnsafeMutableBufferPointer(rebasing: counters[..<index]))
        return nil
      }
      counters.initializeElement(at: index, to: counter)
    }
    return counters
  }

  private static func free(_ counters: UnsafeMutableBufferPointer<OpaquePointer>) {
    for counter in counters { gln_counter_free(counter) }
    counters.deallocate()
  }

  /// - Throws: `wrongProcess` in a forked child, which has none of the threads.
  func checkProcess() throws(GoogLeNetError) {
    guard process == gln_process() else {
      throw GoogLeNetError(
        .wrongProcess, "the session was made before a fork, by another process: make a new one of the same model here")
    }
  }

  /// Runs a stage of a plan.
  func run(_ stage: Plan.Stage, scratch: UnsafeMutableRawPointer, scratchStride: Int) {
    if threads == 1 || stage.units == 1 {
      for task in stage.tasks {
        for unit in 0..<task.units { task.run(task.arguments, task.phase, Int32(truncatingIfNeeded: unit), scratch) }
      }
      return
    }
    var job = StageJob(
      stage: stage, counters: UnsafeBufferPointer(counters), scratch: scratch, scratchStride: scratchStride)
    for counter in counters { gln_counter_store(counter, 0) }
    withUnsafeMutablePointer(to: &job) {
      dispatch(
        { context, index in
          let state = gln_float_begin()
          context?.assumingMemoryBound(to: StageJob.self).pointee.work(index)
          gln_float_end(state)
        }, UnsafeMutableRawPointer($0))
    }
  }

  /// Calls `body` with every number from 0 to `count` − 1, on all threads. Not for the hot path.
  func forEach(_ count: Int, _ body: (Int) -> Void) {
    if threads == 1 || count <= 1 {
      for index in 0..<count { body(index) }
      return
    }
    let counter = counters[0]
    gln_counter_store(counter, 0)
    withoutActuallyEscaping(body) { body in
      var job = LoopJob(count: count, counter: counter, body: body)
      withUnsafeMutablePointer(to: &job) {
        dispatch(
          { context, _ in
            let state = gln_float_begin()
            context?.assumingMemoryBound(to: LoopJob.self).pointee.work()
            gln_float_end(state)
          }, UnsafeMutableRawPointer($0))
      }
    }
  }

  private func dispatch(_ work: SessionOptions.ParallelFor.Work, _ context: UnsafeMutableRawPointer) {
    if let parallelFor {
      gln_host_begin()
      parallelFor.run(parallelFor.context, threads, work, context)
      gln_host_end()
    } else {
      gln_team_run(team, work, context)
    }
  }

  /// Each thread has a share of every task. One that is done helps the others.
  private struct StageJob {
    let stage: Plan.Stage
    /// For each thread how many units of its share have been taken.
    let counters: UnsafeBufferPointer<OpaquePointer>
    let scratch: UnsafeMutableRawPointer
    let scratchStride: Int

    func work(_ thread: Int) {
      // A caller's parallel-for may give any number.
      guard counters.indices ~= thread else { return }
      let scratch = scratch + thread &* scratchStride
      takeUnits(of: thread, scratch)
      for other in 1..<counters.count {
        let owner = thread &+ other
        takeUnits(of: owner < counters.count ? owner : owner &- counters.count, scratch)
      }
    }

    /// Takes units of a thread's share, in the order of the tasks, until there are none left.
    private func takeUnits(of owner: Int, _ scratch: UnsafeMutableRawPointer) {
      var task = 0
      var share = share(of: owner, 0)
      var before = 0
      while true {
        let place = Int(gln_counter_add(counters[owner], 1))
        while place &- before >= share.count {
          before &+= share.count
          task &+= 1
          guard task < stage.tasks.count else { return }
          share = self.share(of: owner, task)
        }
        let it = stage.tasks[task]
        it.run(it.arguments, it.phase, Int32(truncatingIfNeeded: share.lowerBound &+ place &- before), scratch)
      }
    }

    private func share(of owner: Int, _ task: Int) -> Range<Int> {
      stage.tasks[task].share(of: owner, counters.count)
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
