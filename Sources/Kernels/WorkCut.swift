/// The cut of `items` equal pieces of work into units.
struct WorkCut {
  let items: Int
  let units: Int

  /// One thread takes all in one unit; several get a few units each, so that one that is held up holds up little.
  @inline(__always)
  init(items: Int, threads: Int32, unitsPerThread: Int = 4) {
    self.items = items
    units = Swift.max(1, Swift.min(items, threads <= 1 ? 1 : Int(threads) &* unitsPerThread))
  }

  /// The items of a unit.
  @inline(__always)
  func range(_ unit: Int32) -> (first: Int, end: Int) {
    (Int(unit) &* items / units, (Int(unit) &+ 1) &* items / units)
  }
}
