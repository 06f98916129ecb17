/// What a `gln_session` points to.
final class SessionHandle {
  let session: Session
  /// Keeps labels alive.
  let model: ModelHandle
  /// The largest result of `classify`, made once so that calls allocate nothing.
  let predictions: UnsafeMutableBufferPointer<Prediction>

  init(_ session: Session, _ model: ModelHandle) {
    self.session = session
    self.model = model
    predictions = .allocate(capacity: session.model.classCount)
    predictions.initialize(repeating: Prediction(classIndex: 0, probability: 0))
  }

  deinit { predictions.deallocate() }

  /// The handle behind a caller's pointer.
  static func from(_ pointer: OpaquePointer?) -> SessionHandle? {
    guard let pointer else { return nil }
    return Unmanaged<SessionHandle>.fromOpaque(UnsafeRawPointer(pointer)).takeUnretainedValue()
  }
}
