import CGoogLeNet

@c @implementation
public func gln_session_run(
  _ session: OpaquePointer?, _ views: UnsafePointer<gln_view>?, _ view_count: Int,
  _ requests: UnsafePointer<gln_request>?, _ request_count: Int
) -> gln_status {
  guard let handle = SessionHandle.from(session) else { return Failure.null("session") }
  guard let views else { return Failure.null("views") }
  guard let requests else { return Failure.null("requests") }
  return Failure.catching { () throws(GoogLeNetError) in
    let requests = try CRequests(requests, request_count, of: handle.session.model)
    try handle.session.run(try CViews(views, view_count), requests) { request, view, found in
      guard let predictions = requests.predictions(at: request) else { return }
      handle.write(found, to: predictions + view * found.count)
    }
  }
}

@c @implementation
public func gln_session_preprocess_view(
  _ session: OpaquePointer?, _ view: UnsafePointer<gln_view>?, _ pixels: UnsafeMutablePointer<UInt8>?, _ capacity: Int
) -> gln_status {
  guard let handle = SessionHandle.from(session) else { return Failure.null("session") }
  guard let view else { return Failure.null("view") }
  guard let pixels else { return Failure.null("pixels") }
  return Failure.catching { () throws(GoogLeNetError) in
    guard AddressSpace.holds(capacity, of: 1, from: pixels) else { throw Failure.beyondMemory("capacity", capacity) }
    let seen: View
    do throws(GoogLeNetError) {
      _ = try StructArray.size(of: view, known: MemoryLayout<gln_view>.size, "gln_view")
      seen = try View(view.pointee)
      try handle.session.check(seen)
    } catch {
      throw error.within("view->")
    }
    try handle.session.preprocess(seen, into: UnsafeMutableBufferPointer(start: pixels, count: capacity))
  }
}

@c @implementation
public func gln_session_cancel(_ session: OpaquePointer?) { SessionHandle.from(session)?.session.cancel() }
