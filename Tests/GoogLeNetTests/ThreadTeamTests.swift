import Testing

@testable import GoogLeNet

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// Teams of threads, and crews that work with them.
@Suite struct ThreadTeamTests {
  /// What several threads write down, in the order in which they do.
  private final class Notes: @unchecked Sendable {
    private var list: [Int] = []
    /// ThreadSanitizer sees pthread's locks; of a Mutex it misses the part that waits, which is in a library that it does not instrument.
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)

    init() { pthread_mutex_init(lock, nil) }
    deinit {
      pthread_mutex_destroy(lock)
      lock.deallocate()
    }

    func add(_ number: Int) {
      pthread_mutex_lock(lock)
      defer { pthread_mutex_unlock(lock) }
      list.append(number)
    }
    var all: [Int] {
      pthread_mutex_lock(lock)
      defer { pthread_mutex_unlock(lock) }
      return list
    }
  }

  private static let sizes: [(team: Int, cap: Int)] = [(4, 2), (4, 3), (2, 1), (3, 0), (2, 5)]

  @Test(arguments: sizes) func noMoreThreadsWorkThanASessionMayHave(team size: Int, cap: Int) throws {
    let team = try ThreadTeam(threads: size, spinMicroseconds: 0)
    let crew = try Crew(threads: cap, spinMicroseconds: 0, parallelFor: nil, shared: team)
    let whole = try Crew(threads: 0, spinMicroseconds: 0, parallelFor: nil, shared: team)
    let expected = cap == 0 ? size : min(cap, size)
    #expect(crew.threads == expected && whole.threads == size)
    for _ in 0..<20 {
      for (crew, most) in [(crew, expected), (whole, size)] {
        let (indices, workers, threads) = (Notes(), Notes(), Notes())
        try crew.forEach(400, atMost: 400) { index, thread in
          indices.add(index)
          workers.add(thread)
          threads.add(Int(bitPattern: pthread_self()))
          sched_yield()
        }
        #expect(indices.all.sorted() == Array(0..<400))
        #expect(workers.all.allSatisfy { 0..<most ~= $0 })
        #expect(Set(threads.all).count <= most)
      }
    }
  }

  /// Threads that ask one after another while a job runs get the team in that order.
  @Test func whoAskedFirstIsFirst() throws {
    let guests = 10
    let team = try ThreadTeam(threads: 2, spinMicroseconds: 0)
    let crew = try Crew(threads: 1 + guests, spinMicroseconds: 0, parallelFor: nil, shared: nil)
    // The order in which threads ask is only as sure as the pause between them is long.
    for pause in [20_000, 100_000, 500_000] as [UInt32] {
      let order = Notes()
      try crew.forEach(1 + guests, atMost: 1 + guests) { number, _ in
        usleep(pause * UInt32(number))
        perform(on: team) {
          order.add(number)
          if number == 0 { usleep(pause * UInt32(2 + guests)) }
        }
      }
      #expect(order.all.count == 1 + guests)
      if order.all == Array(0...guests) { return }
    }
    Issue.record("they got it in another order three times")
  }

  @Test func numbersOutOfRangeAreRefused() {
    for (threads, spin) in [(-1, 0), (257, 0), (2, -1), (2, 1_000_001)] {
      let error = #expect(throws: GoogLeNetError.self) {
        _ = try ThreadTeam(threads: threads, spinMicroseconds: spin)
      }
      #expect(error?.status == .invalidArgument)
    }
  }
}

/// Runs something once, on the calling thread, while it has the team.
private func perform(on team: ThreadTeam, _ body: () -> Void) {
  withoutActuallyEscaping(body) { body in
    var body = body
    withUnsafeMutablePointer(to: &body) {
      team.run(
        on: 2, { context, thread in if thread == 0 { context?.assumingMemoryBound(to: (() -> Void).self).pointee() } },
        $0)
    }
  }
}
