import CGoogLeNet
import CPlatform

/// Turns errors into statuses and the thread's last message.
enum Failure {
  /// Stores the message of an error for `gln_last_error_message`.
  static func report(_ error: GoogLeNetError) -> gln_status {
    var message = error.message
    message.withUTF8 { gln_set_thread_message($0.baseAddress, $0.count) }
    return gln_status(rawValue: UInt32(error.status.rawValue))
  }

  static func null(_ argument: StaticString) -> gln_status { refuse("\(argument) is NULL") }

  /// The status of an argument that is not what it must be.
  static func refuse(_ message: @autoclosure () -> String) -> gln_status {
    catching { () throws(GoogLeNetError) in throw GoogLeNetError(.invalidArgument, message()) }
  }

  /// An enumerator that this library does not know.
  static func unknown(_ argument: StaticString, _ type: StaticString, _ value: UInt32) -> GoogLeNetError {
    GoogLeNetError(.invalidArgument, "\(argument) is \(value), which is no \(type)")
  }

  /// A number of elements that no memory behind the caller's pointer holds.
  static func beyondMemory(_ argument: StaticString, _ count: Int) -> GoogLeNetError {
    GoogLeNetError(
      .invalidArgument, "\(argument) is \(UInt(bitPattern: count)): no memory reaches that far from where it begins")
  }

  /// Runs what may fail, in the library's own floating-point state and with a reserve for when there is no memory. `body` must not
  /// hand out anything before `Allocation.check()` has passed.
  static func catching(_ body: () throws(GoogLeNetError) -> Void) -> gln_status {
    guard gln_reserve_begin() == 0 else {
      let message: StaticString = "the system has no more memory"
      gln_set_thread_message(message.utf8Start, message.utf8CodeUnitCount)
      return GLN_OUT_OF_MEMORY
    }
    defer { gln_reserve_end() }
    let state = gln_float_begin()
    defer { gln_float_end(state) }
    do throws(GoogLeNetError) {
      try body()
      return GLN_OK
    } catch {
      return report(error)
    }
  }
}
