/// The cut of `items` equal pieces of work into units.
struct WorkCut {
  let items: Int
  let units: Int
  /// Units of a thread whose sizes decrease; 1 where all units are alike.
  private let unitsPerShare: Int

  /// One thread takes all in one unit; several get a few units each, so that one that is held up holds up little.
  @inline(__always)
  init(items: Int, threads: Int32, unitsPerThread: Int = 4) {
    self.items = items
    let wanted = threads <= 1 ? 1 : Int(threads) &* unitsPerThread
    units = Swift.max(1, Swift.min(items, wanted))
    // Of fewer items a thread's last unit would be empty.
    unitsPerShare = threads > 1 && items >= wanted &* unitsPerThread ? unitsPerThread : 1
  }

  /// The items of a unit. Each thread's units become smaller and smaller, so that the threads end together.
  @inline(__always)
  func range(_ unit: Int32) -> (first: Int, end: Int) {
    if units == 1 { return (0, items) }
    return (first(Int(unit)), first(Int(unit) &+ 1))
  }

  @inline(__always)
  private func first(_ unit: Int) -> Int {
    if unitsPerShare == 1 { return unit &* items / units }
    let shares = units / unitsPerShare
    let share = unit / unitsPerShare
    let rest = unitsPerShare &- (unit &- share &* unitsPerShare)
    let end = (share &+ 1) &* items / shares
    return end &- (end &- share &* items / shares) &* rest &* rest / (unitsPerShare &* unitsPerShare)
  }
}
