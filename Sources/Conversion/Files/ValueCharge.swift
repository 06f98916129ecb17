import GoogLeNet

/// Bytes of a budget that are taken as long as this lives.
final class ValueCharge {
  private let budget: ValueBudget
  private var bytes = 0

  /// - Throws: `limitExceeded` where the budget does not hold them.
  init(_ budget: ValueBudget, _ bytes: Int) throws(GoogLeNetError) {
    self.budget = budget
    try add(bytes)
  }

  deinit { budget.giveBack(bytes) }

  /// Counts further bytes as taken.
  func add(_ more: Int) throws(GoogLeNetError) {
    try budget.take(more)
    bytes += more
  }
}
