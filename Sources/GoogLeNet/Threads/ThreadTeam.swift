import CPlatform

/// Threads that work together with whoever calls: a session's own, or several sessions', which take turns, a stage at a time.
public final class ThreadTeam {
  public static let threadLimit = 256
  public static let spinLimit = 1_000_000
  public static let defaultSpinMicroseconds = 200

  /// How many there are, the caller included.
  public let threads: Int
  /// Whether their cores share no cache, as far as that could be seen when they started.
  let isApart: Bool
  /// Whether several sessions may use it.
  private let isShared: Bool
  /// The process that the threads are in.
  private let process = gln_process()
  /// Nil for one thread, the caller.
  private let team: OpaquePointer?

  fileprivate init(threads: Int, isApart: Bool, isShared: Bool, team: OpaquePointer?) {
    self.threads = threads
    self.isApart = isApart
    self.isShared = isShared
    self.team = team
  }

  deinit { gln_team_free(team) }

  /// Runs work(context, 0 … `count` − 1) on as many threads, which must be there, and returns when all have. Waits for its turn where
  /// the team is shared.
  func run(on count: Int, _ work: ParallelFor.Work, _ context: UnsafeMutableRawPointer) {
    if isShared { gln_team_take(team) }
    gln_team_run(team, Int32(truncatingIfNeeded: count), work, context)
    if isShared { gln_team_leave(team) }
  }

  /// - Throws: `wrongProcess` in a forked child, which has none of the threads.
  func checkProcess() throws(GoogLeNetError) {
    guard process == gln_process() else {
      throw GoogLeNetError(
        .wrongProcess, "the thread team was made before a fork, by another process: make a new one here")
    }
  }

  static func check(threads: Int) throws(GoogLeNetError) {
    guard 0...threadLimit ~= threads else {
      throw GoogLeNetError(
        .invalidArgument, "threads is \(threads): use 1 to \(threadLimit), or 0 for the allowed CPUs")
    }
  }

  static func check(spinMicroseconds: Int) throws(GoogLeNetError) {
    guard 0...spinLimit ~= spinMicroseconds else {
      throw GoogLeNetError(
        .invalidArgument, "the spin time is \(spinMicroseconds) microseconds: use 0 to \(spinLimit)")
    }
  }
}

extension ThreadTeam: AllocatedLast {}

extension AllocatedLast where Self == ThreadTeam {
  /// A team for several sessions.
  /// - Parameters:
  ///   - threads: 1 to `ThreadTeam.threadLimit`, or 0 for the allowed CPUs.
  ///   - spinMicroseconds: how long an idle thread waits busily before it sleeps.
  /// - Throws: `outOfMemory` where the threads cannot be started.
  public init(threads: Int = 0, spinMicroseconds: Int = ThreadTeam.defaultSpinMicroseconds) throws(GoogLeNetError) {
    try self.init(threads: threads, spinMicroseconds: spinMicroseconds, isShared: true)
  }

  /// - Parameter isShared: false for the team of one session, which never waits for a turn.
  init(threads: Int, spinMicroseconds: Int, isShared: Bool) throws(GoogLeNetError) {
    try ThreadTeam.check(threads: threads)
    try ThreadTeam.check(spinMicroseconds: spinMicroseconds)
    let allowed = Int(gln_allowed_cpus())
    let count = threads == 0 ? min(allowed, ThreadTeam.threadLimit) : threads
    let team = count > 1 ? gln_team_create(Int32(count), Int32(spinMicroseconds)) : nil
    guard count == 1 || team != nil else {
      throw GoogLeNetError(.outOfMemory, "the system does not start \(count - 1) threads; ask for fewer")
    }
    let isApart = team != nil && count <= allowed && gln_team_is_apart(team) != 0
    self = ThreadTeam(threads: count, isApart: isApart, isShared: isShared, team: team)
  }
}
