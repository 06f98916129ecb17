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

  fileprivate init(
    threads: Int, isApart: Bool, team: OpaquePointer?, parallelFor: SessionOptions.ParallelFor?,
    counters: UnsafeMutableBufferPointer<OpaquePointer>
  ) {
    self.threads = threads
    self.isApart = isApart
    self.team = team
    self.parallelFor = parallelFor
    self.counters = counters
  }

  deinit {
    gln_team_free(team)
    Crew.free(counters)
  }

  fileprivate static func makeCounters(_ count: Int) -> UnsafeMutableBufferPointer<OpaquePointer>? {
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

  fileprivate static func free(_ counters: UnsafeMutableBufferPointer<OpaquePointer>) {
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
  /// - Throws: `invalidArgument` where a caller's parallel-for did no work.
  func run(_ stage: Plan.Stage, scratch: UnsafeMutableRawPointer, scratchStride: Int) throws(GoogLeNetError) {
    if threads == 1 || stage.units == 1 {
      for task in stage.tasks {
        for unit in 0..<task.units { task.run(task.arguments, task.phase, Int32(truncatingIfNeeded: unit), scratch) }
      }
      return
    }
    var job = StageJob(
      stage: stage, counters: UnsafeBufferPointer(counters), scratch: scratch, scratchStride: scratchStride,
      reserve: gln_reserve_current())
    for counter in counters { gln_counter_store(counter, 0) }
    withUnsafeMutablePointer(to: &job) {
      dispatch(
        { context, thread in
          guard let job = context?.assumingMemoryBound(to: StageJob.self) else { return }
          Crew.work(for: job.pointee.reserve) { job.pointee.work(thread) }
        }, UnsafeMutableRawPointer($0))
    }
    try checkWork()
  }

  /// Calls `body` with every number from 0 to `count` − 1, on all threads, and the number of the thread, which is below `threads`
  /// and below `count` and `atMost`. Not for the hot path.
  /// - Throws: `invalidArgument` where a caller's parallel-for did no work.
  func forEach(_ count: Int, atMost limit: Int, _ body: (_ index: Int, _ thread: Int) -> Void) throws(GoogLeNetError) {
    if threads == 1 || count <= 1 || limit <= 1 {
      for index in 0..<count { body(index, 0) }
      return
    }
    let counter = counters[0]
    gln_counter_store(counter, 0)
    withoutActuallyEscaping(body) { body in
      var job = LoopJob(
        count: count, threads: min(count, limit), counter: counter, reserve: gln_reserve_current(), body: body)
      withUnsafeMutablePointer(to: &job) {
        dispatch(
          { context, thread in
            guard let job = context?.assumingMemoryBound(to: LoopJob.self) else { return }
            Crew.work(for: job.pointee.reserve) { job.pointee.work(thread) }
          }, UnsafeMutableRawPointer($0))
      }
    }
    try checkWork()
  }

  /// Whoever works goes on until nothing is left, and takes from the first counter at least once.
  private func checkWork() throws(GoogLeNetError) {
    guard gln_counter_load(counters[0]) > 0 else {
      throw GoogLeNetError(
        .invalidArgument,
        "the session's parallel_for returned without a call of work: it must call it for every number below its count")
    }
  }

  /// Does a thread's part of a job in the library's floating-point state and with the reserve of the call that it is for.
  private static func work(for reserve: OpaquePointer?, _ work: () -> Void) {
    let state = gln_float_begin()
    let outer = gln_reserve_current()
    gln_reserve_adopt(reserve)
    work()
    gln_reserve_adopt(outer)
    gln_float_end(state)
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
    let reserve: OpaquePointer?

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
    let threads: Int
    let counter: OpaquePointer
    let reserve: OpaquePointer?
    let body: (Int, Int) -> Void

    func work(_ thread: Int) {
      guard thread < threads else { return }
      while true {
        let index = Int(gln_counter_add(counter, 1))
        guard index < count else { return }
        body(index, thread)
      }
    }
  }
}

extension Crew: AllocatedLast {}

extension AllocatedLast where Self == Crew {
  /// - Throws: `outOfMemory` where the threads cannot be started.
  init(options: SessionOptions) throws(GoogLeNetError) {
    let threads = options.threads == 0 ? min(Int(gln_allowed_cpus()), SessionOptions.threadLimit) : options.threads
    guard let counters = Crew.makeCounters(threads) else {
      throw GoogLeNetError(.outOfMemory, "no memory for \(threads) counters")
    }
    let needsTeam = threads > 1 && options.parallelFor == nil
    let team = needsTeam ? gln_team_create(Int32(threads), Int32(options.spinMicroseconds)) : nil
    guard !needsTeam || team != nil else {
      Crew.free(counters)
      throw GoogLeNetError(.outOfMemory, "the system does not start \(threads - 1) threads; ask for fewer")
    }
    let isApart = team != nil && threads <= Int(gln_allowed_cpus()) && gln_team_is_apart(team) != 0
    self = Crew(threads: threads, isApart: isApart, team: team, parallelFor: options.parallelFor, counters: counters)
  }
}
