/// What a plan's raw pointers point to; all of it is given back with the object.
final class PlanStorage {
  private var arrays: [UnsafeMutableRawPointer] = []
  private var blocks: [AllocatedBlock] = []
  private var weights: [PackedWeights] = []
  private let cache: PackedWeightsCache

  init(cache: PackedWeightsCache) {
    self.cache = cache
  }

  deinit {
    for array in arrays { array.deallocate() }
    for packed in weights { cache.release(packed) }
  }

  /// A stable copy of a value without references.
  func store<Value: BitwiseCopyable>(_ value: Value) -> UnsafeMutablePointer<Value> {
    let pointer = UnsafeMutablePointer<Value>.allocate(capacity: 1)
    pointer.initialize(to: value)
    arrays.append(UnsafeMutableRawPointer(pointer))
    return pointer
  }

  /// A stable copy of values without references.
  func store<Value: BitwiseCopyable>(_ values: [Value]) -> UnsafeMutableBufferPointer<Value> {
    let buffer = UnsafeMutableBufferPointer<Value>.allocate(capacity: max(values.count, 1))
    _ = buffer.initialize(from: values)
    arrays.append(UnsafeMutableRawPointer(buffer.baseAddress!))
    return UnsafeMutableBufferPointer(rebasing: buffer[..<values.count])
  }

  /// Keeps a block alive.
  func keep(_ block: AllocatedBlock) {
    blocks.append(block)
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

  var weightBytes: Int {
    var sum = 0
    for packed in weights { sum += packed.block.size }
    return sum
  }
}
