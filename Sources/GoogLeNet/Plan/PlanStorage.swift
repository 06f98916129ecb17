/// What a plan's raw pointers point to; all of it is given back with the object.
final class PlanStorage {
  private var arrays: [UnsafeMutableRawPointer] = []
  private var blocks: [AllocatedBlock] = []
  private var weights: [AllocatedBlock] = []
  private let cache: PackedWeightsCache

  init(cache: PackedWeightsCache) {
    self.cache = cache
  }

  deinit {
    for array in arrays { array.deallocate() }
    for block in weights { cache.release(block) }
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

  /// Keeps a block of the cache, which has been counted as used, until the end.
  func keepPackedWeights(_ block: AllocatedBlock) {
    weights.append(block)
  }

  var weightBytes: Int {
    var sum = 0
    for block in weights { sum += block.size }
    return sum
  }
}
