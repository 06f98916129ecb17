/// The memory that a session and its model hold, in bytes.
public struct SessionMemory {
  /// The model file: mapped, copied or the caller's; 0 for a network made in memory.
  public let model: Int
  /// Packed weights, which sessions of the same settings share.
  public let weights: Int
  /// Activations and what kernels share between threads.
  public let arena: Int
  /// What kernels work in, all threads together.
  public let scratch: Int
  /// The picture cut to the network's input size.
  public let picture: Int
  /// The most that was held at once while the session was made or afterwards, at most: as if all of the file had been in memory
  /// until its weights were packed, and no other session had packed any before.
  public let peak: Int
}
