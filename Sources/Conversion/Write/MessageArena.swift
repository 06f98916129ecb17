import GoogLeNet

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// Memory for protobuf-c messages that are built to be serialized; all of it is freed with the arena.
final class MessageArena {
  private var blocks: [UnsafeMutableRawPointer] = []

  deinit {
    for block in blocks { free(block) }
  }

  /// Zeroed memory for `count` values.
  func allocate<Value>(_ count: Int, of type: Value.Type) throws(GoogLeNetError) -> UnsafeMutablePointer<Value> {
    guard let block = calloc(max(count, 1), MemoryLayout<Value>.stride) else {
      throw GoogLeNetError(.outOfMemory, "no memory to serialize the model")
    }
    blocks.append(block)
    return block.bindMemory(to: type, capacity: max(count, 1))
  }

  func message<Message>(_ initialize: (UnsafeMutablePointer<Message>) -> Void) throws(GoogLeNetError)
    -> UnsafeMutablePointer<Message>
  {
    let message = try allocate(1, of: Message.self)
    initialize(message)
    return message
  }

  func copy<Value: BitwiseCopyable>(_ values: [Value]) throws(GoogLeNetError) -> UnsafeMutablePointer<Value> {
    let copy = try allocate(values.count, of: Value.self)
    for (index, value) in values.enumerated() { copy[index] = value }
    return copy
  }

  func copy(_ text: String) throws(GoogLeNetError) -> UnsafeMutablePointer<CChar> {
    try ProtobufEncoding.check(text)
    return try copy(text.utf8.map { CChar(bitPattern: $0) } + [0])
  }

  func copy(_ texts: [String]) throws(GoogLeNetError) -> UnsafeMutablePointer<UnsafeMutablePointer<CChar>?> {
    let copy = try allocate(texts.count, of: UnsafeMutablePointer<CChar>?.self)
    for (index, text) in texts.enumerated() { copy[index] = try self.copy(text) }
    return copy
  }
}
