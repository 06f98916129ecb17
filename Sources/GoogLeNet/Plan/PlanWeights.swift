/// The packed weights that a plan uses; it ends their use with the object.
final class PlanWeights {
  private var weights: [PackedWeights] = []
  private let cache: PackedWeightsCache

  init(cache: PackedWeightsCache) {
    self.cache = cache
  }

  deinit {
    for packed in weights { cache.release(packed) }
  }

  /// The packed weights for `key` that other plans use, kept until the end; nil where there are none.
  func packedWeights(for key: PackedWeights.Key) -> PackedWeights? {
    guard let found = cache.acquire(key) else { return nil }
    weights.append(found)
    return found
  }

  /// Gives new packed weights to other plans; returns those to use, another thread's where it was faster, kept until the end.
  func share(_ packed: PackedWeights) -> PackedWeights {
    let shared = cache.insert(packed)
    weights.append(shared)
    return shared
  }

  var byteCount: Int {
    var sum = 0
    for packed in weights { sum += packed.block.size }
    return sum
  }
}
