/// What a `gln_session` points to.
final class SessionHandle {
  let session: Session
  /// Keeps labels alive.
  let model: ModelHandle

  init(_ session: Session, _ model: ModelHandle) {
    self.session = session
    self.model = model
  }

  /// The handle behind a caller's pointer.
  static func from(_ pointer: OpaquePointer?) -> SessionHandle? {
    guard let pointer else { return nil }
    return Unmanaged<SessionHandle>.fromOpaque(UnsafeRawPointer(pointer)).takeUnretainedValue()
  }
}
