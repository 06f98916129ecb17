import CGoogLeNet

/// What a `gln_session` points to.
final class SessionHandle {
  let session: Session
  /// Keeps labels alive.
  let model: ModelHandle

  init(_ session: Session, _ model: ModelHandle) {
    self.session = session
    self.model = model
  }

  /// Writes predictions with their labels.
  func write(_ found: UnsafeBufferPointer<Prediction>, to predictions: UnsafeMutablePointer<gln_prediction>) {
    for (index, it) in found.enumerated() {
      predictions[index] = gln_prediction(
        class_index: Int32(it.classIndex), probability: it.probability, label: model.label(it.classIndex))
    }
  }

  /// The handle behind a caller's pointer.
  static func from(_ pointer: OpaquePointer?) -> SessionHandle? {
    guard let pointer else { return nil }
    return Unmanaged<SessionHandle>.fromOpaque(UnsafeRawPointer(pointer)).takeUnretainedValue()
  }
}
