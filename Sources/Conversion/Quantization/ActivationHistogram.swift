#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// The distribution of a tensor's values, all of which are at least 0.
struct ActivationHistogram {
  private static let binCount = 8192

  private var counts = [UInt64](repeating: 0, count: binCount)
  /// Grows in powers of two as larger values come.
  private var binWidth: Float = 0x1p-30
  private(set) var largest: Float = 0
  private(set) var smallest = Float.infinity

  /// Adds values.
  /// - Returns: false where one is negative, infinite or not a number; such a histogram is of no use.
  mutating func add(_ values: UnsafeBufferPointer<Float>) -> Bool {
    var peak: Float = 0
    var least = Float.infinity
    for value in values {
      // NaN fails the comparison.
      guard value >= 0 else { return false }
      peak = value > peak ? value : peak
      least = value < least ? value : least
    }
    guard peak.isFinite else { return false }
    largest = max(largest, peak)
    smallest = min(smallest, least)
    while Float(ActivationHistogram.binCount) * binWidth <= peak { halveResolution() }
    let binsPerUnit = 1 / binWidth
    counts.withUnsafeMutableBufferPointer { counts in
      for value in values where value > 0 { counts[Int(value * binsPerUnit)] &+= 1 }
    }
    return true
  }

  private mutating func halveResolution() {
    binWidth *= 2
    for bin in 0..<ActivationHistogram.binCount / 2 { counts[bin] = counts[2 * bin] + counts[2 * bin + 1] }
    for bin in ActivationHistogram.binCount / 2..<ActivationHistogram.binCount { counts[bin] = 0 }
  }

  /// Adds the values of another one.
  mutating func merge(_ other: ActivationHistogram) {
    var other = other
    while binWidth < other.binWidth { halveResolution() }
    while other.binWidth < binWidth { other.halveResolution() }
    for bin in counts.indices { counts[bin] += other.counts[bin] }
    largest = max(largest, other.largest)
    smallest = min(smallest, other.smallest)
  }

  /// The unit in which values are best stored as the integers 0 to 255. There must be a value above 0.
  func scale(_ method: RangeMethod) -> Float {
    switch method {
    case .minMax: largest / 255
    case .percentile(let percentage): quantile(percentage / 100) / 255
    case .meanSquaredError: best { squaredError(scale: $0) }
    case .kullbackLeibler: best { divergence(scale: $0) }
    }
  }

  /// The value that this share of the values above 0 does not exceed.
  private func quantile(_ share: Double) -> Float {
    let total = counts.reduce(0, +)
    let wanted = share * Double(total)
    var seen: UInt64 = 0
    for bin in counts.indices {
      seen += counts[bin]
      if Double(seen) >= wanted { return min(Float(bin + 1) * binWidth, largest) }
    }
    return largest
  }

  /// The scale with the least loss among ranges from 20 to 100 % of the largest value.
  private func best(_ loss: (Double) -> Double) -> Float {
    let steps = 160
    var least = Double.infinity
    var result = largest / 255
    for step in 0...steps {
      let scale = largest / 255 * (1 - 0.8 * Float(step) / Float(steps))
      let found = loss(Double(scale))
      if found < least {
        least = found
        result = scale
      }
    }
    return result
  }

  /// The summed squares of the rounding and clipping errors of the bins' centres.
  private func squaredError(scale: Double) -> Double {
    var sum = 0.0
    for bin in counts.indices where counts[bin] > 0 {
      let value = (Double(bin) + 0.5) * Double(binWidth)
      let stored = min((value / scale).rounded(.toNearestOrEven), 255) * scale
      sum += Double(counts[bin]) * (value - stored) * (value - stored)
    }
    return sum
  }

  /// The Kullback-Leibler divergence of the distribution of stored values, spread evenly over the bins that share one, from the
  /// distribution of the values; clipped values count to the last bin within the range.
  private func divergence(scale: Double) -> Double {
    var levelCounts = [Double](repeating: 0, count: 256)
    var levelBins = [Double](repeating: 0, count: 256)
    func level(_ bin: Int) -> Int {
      Int(min(((Double(bin) + 0.5) * Double(binWidth) / scale).rounded(.toNearestOrEven), 255))
    }
    let end = min(Int((scale * 255.5 / Double(binWidth)).rounded(.up)), counts.count)
    guard end > 0 else { return .infinity }
    var clipped: UInt64 = 0
    for bin in end..<counts.count { clipped += counts[bin] }
    var total = Double(clipped)
    for bin in 0..<end where counts[bin] > 0 {
      levelCounts[level(bin)] += Double(counts[bin])
      levelBins[level(bin)] += 1
      total += Double(counts[bin])
    }
    var sum = 0.0
    for bin in 0..<end {
      var count = Double(counts[bin])
      let stored = count > 0 ? levelCounts[level(bin)] / levelBins[level(bin)] : 0
      if bin == end - 1 { count += Double(clipped) }
      guard count > 0 else { continue }
      // A value where nothing is stored: as if one in a thousand of a value were.
      sum += count / total * log(count / max(stored, 0.001))
    }
    return sum
  }
}
