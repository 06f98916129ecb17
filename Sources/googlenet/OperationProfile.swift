import GoogLeNet

/// The times of a session's operations over many runs.
struct OperationProfile {
  struct Row {
    let operation: PlannedOperation
    /// One for each image of each run.
    fileprivate(set) var milliseconds: [Double]

    var median: Double { OperationProfile.median(milliseconds) }

    /// 10⁹ operations a second, two for each multiply-add of the convolution as it is defined.
    var speed: Double { 2 * Double(operation.multiplyAdds) / median / 1e6 }

    /// The same for the multiplications that are really done.
    var reducedSpeed: Double { 2 * Double(operation.multiplications) / median / 1e6 }
  }

  /// In the order in which they run.
  private(set) var rows: [Row] = []

  /// Runs a batch once and adds its times.
  mutating func run(_ session: Session, _ batch: Batch) throws(GoogLeNetError) {
    var index = 0
    var current = 0
    try session.profile(batch) { image, operation, nanoseconds in
      if image != current {
        current = image
        index = 0
      }
      if index == rows.count { rows.append(Row(operation: operation, milliseconds: [])) }
      rows[index].milliseconds.append(Double(nanoseconds) / 1e6)
      index += 1
    }
  }

  /// The sum of the medians in milliseconds.
  var total: Double { rows.reduce(0) { $0 + $1.median } }

  /// - Parameter values: at least one.
  static func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    return (sorted[sorted.count / 2] + sorted[(sorted.count - 1) / 2]) / 2
  }
}
