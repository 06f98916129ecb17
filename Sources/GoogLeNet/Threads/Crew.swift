import CKernels
import CPlatform

/// What runs a session's work: a team, its own or shared with others, or the caller's parallel-for. Runs one job at a time.
final class Crew {
  let threads: Int
  /// Whether the threads' cores share no cache, as far as that can be seen when they start; not for a caller's threads.
  let isApart: Bool
  /// Of the session's calls: a job stops when the one that it is for is cancelled.
  let call: CallState
  /// The process that it works in.
  private let process = gln_process()
  /// Nil with a caller's parallel-for.
  private let team: ThreadTeam?
  private let parallelFor: ParallelFor?
  /// Hand out units of work, one counter a thread.
  private let counters: UnsafeMutableBufferPointer<OpaquePointer>

  fileprivate init(
    threads: Int, team: ThreadTeam?, parallelFor: ParallelFor?,
    counters: UnsafeMutableBufferPointer<OpaquePointer>, call: CallState
  ) {
    self.threads = threads
    self.call = call
    isApart = team?.isApart ?? false
    self.team = team
    self.parallelFor = parallelFor
    self.counters = counters
  }

  deinit { Crew.free(counters) }

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
  /// - Throws: `cancelled`, or `invalidArgument` where a caller's parallel-for did no work.
  @_optimize(speed)
  func run(_ stage: Stage, scratch: UnsafeMutableRawPointer, scratchStride: Int) throws(GoogLeNetError) {
    if threads == 1 || stage.units == 1 {
      for task in stage.tasks {
        try call.check()
        for unit in 0..<task.units { task.run(task.arguments, task.phase, Int32(truncatingIfNeeded: unit), scratch) }
      }
      return
    }
    try call.check()
    var job = StageJob(
      stage: stage, call: call, counters: UnsafeBufferPointer(counters), scratch: scratch, scratchStride: scratchStride,
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
  /// - Throws: `cancelled`, or `invalidArgument` where a caller's parallel-for did no work.
  func forEach(_ count: Int, atMost limit: Int, _ body: (_ index: Int, _ thread: Int) -> Void) throws(GoogLeNetError) {
    if threads == 1 || count <= 1 || limit <= 1 {
      for index in 0..<count {
        try call.check()
        body(index, 0)
      }
      return
    }
    let counter = counters[0]
    gln_counter_store(counter, 0)
    withoutActuallyEscaping(body) { body in
      var job = LoopJob(
        count: count, threads: min(count, limit), call: call, counter: counter, reserve: gln_reserve_current(),
        body: body)
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

  /// Whoever works goes on until nothing is left or the call is cancelled, and takes from the first counter at least once.
  private func checkWork() throws(GoogLeNetError) {
    try call.check()
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

  private func dispatch(_ work: ParallelFor.Work, _ context: UnsafeMutableRawPointer) {
    if let parallelFor {
      gln_host_begin()
      parallelFor.run(parallelFor.context, threads, work, context)
      gln_host_end()
    } else {
      team?.run(on: threads, work, context)
    }
  }

  /// Each thread has a share of every task. One that is done helps the others.
  private struct StageJob {
    let stage: Stage
    let call: CallState
    /// For each thread how many units of its share have been taken.
    let counters: UnsafeBufferPointer<OpaquePointer>
    let scratch: UnsafeMutableRawPointer
    let scratchStride: Int
    let reserve: OpaquePointer?

    @_optimize(speed)
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
    @_optimize(speed)
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
        guard !call.isCancelled else { return }
        let it = stage.tasks[task]
        it.run(it.arguments, it.phase, Int32(truncatingIfNeeded: share.lowerBound &+ place &- before), scratch)
      }
    }

    @_optimize(speed)
    private func share(of owner: Int, _ task: Int) -> Range<Int> {
      stage.tasks[task].share(of: owner, counters.count)
    }
  }

  private struct LoopJob {
    let count: Int
    let threads: Int
    let call: CallState
    let counter: OpaquePointer
    let reserve: OpaquePointer?
    let body: (Int, Int) -> Void

    func work(_ thread: Int) {
      guard thread < threads else { return }
      while true {
        let index = Int(gln_counter_add(counter, 1))
        guard index < count, !call.isCancelled else { return }
        body(index, thread)
      }
    }
  }
}

extension Crew: AllocatedLast {}

extension AllocatedLast where Self == Crew {
  /// - Parameters:
  ///   - threads: 0 for all of a shared team, otherwise for the allowed CPUs.
  ///   - spinMicroseconds: of a team of its own.
  ///   - shared: a team of which at most `threads` work.
  /// - Throws: `outOfMemory` where threads cannot be started, `wrongProcess` where the shared team is another process's.
  init(threads: Int, spinMicroseconds: Int, parallelFor: ParallelFor?, shared: ThreadTeam?) throws(GoogLeNetError) {
    var team = shared
    var count = threads
    if let shared {
      guard parallelFor == nil else {
        throw GoogLeNetError(
          .invalidArgument, "the options name a thread team and a parallel_for: a session works with one of the two")
      }
      try shared.checkProcess()
      count = threads == 0 ? shared.threads : min(threads, shared.threads)
    } else if parallelFor == nil {
      let own = try ThreadTeam(threads: threads, spinMicroseconds: spinMicroseconds, isShared: false)
      team = own
      count = own.threads
    } else if threads == 0 {
      count = min(Int(gln_allowed_cpus()), ThreadTeam.threadLimit)
    }
    let call = try CallState()
    guard let counters = Crew.makeCounters(count) else {
      throw GoogLeNetError(.outOfMemory, "no memory for \(count) counters")
    }
    self = Crew(threads: count, team: team, parallelFor: parallelFor, counters: counters, call: call)
  }
}
