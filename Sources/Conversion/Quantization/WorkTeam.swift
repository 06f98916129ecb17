import CPlatform
import GoogLeNet

/// Threads for the parts of a loop that do not depend on each other.
final class WorkTeam {
  let threads: Int
  private let team: OpaquePointer?
  private let counter: OpaquePointer

  /// - Parameter threads: 0 for the allowed CPUs.
  init(threads: Int) throws(GoogLeNetError) {
    self.threads = threads > 0 ? threads : min(Int(gln_allowed_cpus()), ThreadTeam.threadLimit)
    guard let counter = gln_counter_create() else { throw GoogLeNetError(.outOfMemory, "no memory for a counter") }
    self.counter = counter
    team = self.threads > 1 ? gln_team_create(Int32(self.threads), 0) : nil
  }

  deinit {
    gln_team_free(team)
    gln_counter_free(counter)
  }

  private struct Job {
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

  /// Calls `body` once with every number from 0 to `count` − 1; returns when all calls have.
  func forEach(_ count: Int, _ body: (Int) -> Void) {
    guard let team, count > 1 else {
      for index in 0..<count { body(index) }
      return
    }
    gln_counter_store(counter, 0)
    withoutActuallyEscaping(body) { body in
      var job = Job(count: count, counter: counter, body: body)
      withUnsafeMutablePointer(to: &job) {
        gln_team_run(
          team, Int32(threads), { context, _ in context?.assumingMemoryBound(to: Job.self).pointee.work() }, $0)
      }
    }
  }
}
