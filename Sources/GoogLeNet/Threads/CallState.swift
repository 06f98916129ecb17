import CPlatform

/// Whether a call runs, and whether it is to stop. Any thread may ask and cancel.
final class CallState {
  private enum Value {
    static let idle: Int64 = 0
    static let running: Int64 = 1
    static let cancelled: Int64 = 2
  }

  private let value: OpaquePointer

  fileprivate init(_ value: OpaquePointer) {
    self.value = value
  }

  deinit { gln_counter_free(value) }

  /// Begins a call; false where one runs.
  func begin() -> Bool { gln_counter_exchange(value, Value.idle, Value.running) != 0 }

  func end() { gln_counter_store(value, Value.idle) }

  /// Asks the call that runs to stop; nothing where none does.
  func cancel() { _ = gln_counter_exchange(value, Value.running, Value.cancelled) }

  var isCancelled: Bool { gln_counter_load(value) == Value.cancelled }

  /// - Throws: `cancelled`.
  @inline(__always)
  func check() throws(GoogLeNetError) {
    if isCancelled { throw CallState.cancelled() }
  }

  @inline(never)
  private static func cancelled() -> GoogLeNetError { GoogLeNetError(.cancelled, "the call was cancelled") }
}

extension CallState: AllocatedLast {}

extension AllocatedLast where Self == CallState {
  /// - Throws: `outOfMemory`.
  init() throws(GoogLeNetError) {
    guard let value = gln_counter_create() else { throw GoogLeNetError(.outOfMemory, "no memory for a counter") }
    self = CallState(value)
  }
}
