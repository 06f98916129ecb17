/// The plans of a session, each with its buffers: the first one, which stays, and the others that were used last.
struct PlanCache {
  static let limit = 4

  let first: PlanBuffers
  /// In the order of their last uses.
  private var others: [PlanBuffers] = []

  init(first: PlanBuffers) {
    self.first = first
    others.reserveCapacity(PlanCache.limit - 1)
  }

  /// What counts towards the session's memory limit.
  var limitedBytes: UInt64 { others.reduce(first.plan.limitedBytes) { $0 + $1.plan.limitedBytes } }

  /// Those of the plan for `key`, which is the last one used from then on; nil where there is none.
  mutating func use(_ key: PlanKey) -> PlanBuffers? {
    if first.plan.key == key { return first }
    guard let place = others.firstIndex(where: { $0.plan.key == key }) else { return nil }
    let found = others.remove(at: place)
    others.append(found)
    return found
  }

  /// Whether one more would be too many.
  var isFull: Bool { others.count == PlanCache.limit - 1 }

  /// Gives back the plan whose last use is longest ago, except the first one; false where there is none.
  mutating func removeOldest() -> Bool {
    guard !others.isEmpty else { return false }
    others.removeFirst()
    return true
  }

  /// - Parameter new: of a key that no other has; the cache must not be full.
  mutating func add(_ new: PlanBuffers) {
    others.append(new)
  }
}
