/// Options that the host holds.
final class HostOptions {
  let pointer: OpaquePointer
  /// The longer side of the input size that they ask for; 0 for the model's own.
  var side = 0
  /// Whether they may be too tight for a session.
  var isLimited = false
  /// Whether their progress callback may end calls.
  var mayCancel = false

  init(_ pointer: OpaquePointer) {
    self.pointer = pointer
  }
}
