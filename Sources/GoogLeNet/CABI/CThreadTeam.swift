import CGoogLeNet
import CPlatform

extension ThreadTeam {
  /// The team behind a caller's pointer.
  static func from(_ pointer: OpaquePointer?) -> ThreadTeam? {
    guard let pointer else { return nil }
    return Unmanaged<ThreadTeam>.fromOpaque(UnsafeRawPointer(pointer)).takeUnretainedValue()
  }
}

@c @implementation
public func gln_thread_team_create(
  _ threads: Int32, _ spin_microseconds: Int32, _ team: UnsafeMutablePointer<OpaquePointer?>?
) -> gln_status {
  guard let team else { return Failure.null("team") }
  return Failure.catching { () throws(GoogLeNetError) in
    let made = try ThreadTeam(threads: Int(threads), spinMicroseconds: Int(spin_microseconds))
    try Allocation.check()
    team.pointee = OpaquePointer(Unmanaged.passRetained(made).toOpaque())
  }
}

@c @implementation
public func gln_thread_team_free(_ team: OpaquePointer?) {
  guard let team else { return }
  let state = gln_float_begin()
  Unmanaged<ThreadTeam>.fromOpaque(UnsafeRawPointer(team)).release()
  gln_float_end(state)
}

@c @implementation
public func gln_thread_team_threads(_ team: OpaquePointer?) -> Int32 { Int32(ThreadTeam.from(team)?.threads ?? 0) }
