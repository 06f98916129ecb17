/// The plans of a session that it used last, each with its buffers, besides the first one, which it always keeps.
struct PlanCache {
  static let limit = 4

  /// In the order of their last uses.
  private var all: [PlanBuffers] = []

  init() {
    all.reserveCapacity(PlanCache.limit)
  }

  /// What counts towards the session's memory limit.
  var limitedBytes: UInt64 { all.reduce(0) { $0 + $1.plan.limitedBytes } }

  /// Whether one more would be too many.
  var isFull: Bool { all.count == PlanCache.limit }

  /// Those of the plan with a wanted key, which is the last one used from then on; nil where there is none.
  mutating func use(where isWanted: (PlanKey) -> Bool) -> PlanBuffers? {
    guard let place = all.firstIndex(where: { isWanted($0.plan.key) }) else { return nil }
    let found = all.remove(at: place)
    all.append(found)
    return found
  }

  /// Takes out what was used longest ago; nil where there is nothing. The caller lets go of it, since a host's allocator, which gets
  /// its memory then, may ask the session something.
  /// - Parameter keepsLast: whether the one that was used last is to stay.
  mutating func removeOldest(keepsLast: Bool = false) -> PlanBuffers? {
    all.count > (keepsLast ? 1 : 0) ? all.removeFirst() : nil
  }

  /// - Parameter new: of a key that no other has; the cache must not be full.
  mutating func add(_ new: PlanBuffers) {
    all.append(new)
  }
}
