/// What the raw pointers of a plan's buffers point to; all of it is given back with the object.
final class PlanStorage {
  private var arrays: [UnsafeMutableRawPointer] = []
  private var blocks: [AllocatedBlock] = []

  deinit {
    for array in arrays { array.deallocate() }
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
}
