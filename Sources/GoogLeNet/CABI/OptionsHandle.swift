/// What a `gln_session_options` points to.
final class OptionsHandle {
  var options = SessionOptions()

  /// The handle behind a caller's pointer.
  static func from(_ pointer: OpaquePointer?) -> OptionsHandle? {
    guard let pointer else { return nil }
    return Unmanaged<OptionsHandle>.fromOpaque(UnsafeRawPointer(pointer)).takeUnretainedValue()
  }
}
