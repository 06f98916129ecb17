import CGoogLeNet
import CPlatform

/// Applies a setter to a caller's options.
private func set(_ options: OpaquePointer?, _ change: (inout SessionOptions) throws(GoogLeNetError) -> Void)
  -> gln_status
{
  guard let handle = OptionsHandle.from(options) else { return Failure.null("options") }
  return Failure.catching { () throws(GoogLeNetError) in try change(&handle.options) }
}

@c @implementation
public func gln_session_options_create(_ options: UnsafeMutablePointer<OpaquePointer?>?) -> gln_status {
  guard let options else { return Failure.null("options") }
  return Failure.catching { () throws(GoogLeNetError) in
    let made = OptionsHandle()
    try Allocation.check()
    options.pointee = OpaquePointer(Unmanaged.passRetained(made).toOpaque())
  }
}

@c @implementation
public func gln_session_options_free(_ options: OpaquePointer?) {
  guard let options else { return }
  let state = gln_float_begin()
  Unmanaged<OptionsHandle>.fromOpaque(UnsafeRawPointer(options)).release()
  gln_float_end(state)
}

@c @implementation
public func gln_session_options_set_threads(_ options: OpaquePointer?, _ threads: Int32) -> gln_status {
  set(options) { (it) throws(GoogLeNetError) in
    try ThreadTeam.check(threads: Int(threads))
    it.threads = Int(threads)
  }
}

@c @implementation
public func gln_session_options_set_max_isa(_ options: OpaquePointer?, _ isa: gln_isa) -> gln_status {
  set(options) { (it) throws(GoogLeNetError) in
    guard let value = ISA(rawValue: Int32(bitPattern: isa.rawValue)) else {
      throw Failure.unknown("isa", "gln_isa", isa.rawValue)
    }
    _ = try KernelTier.position(of: value)
    it.maxISA = value
  }
}

@c @implementation
public func gln_session_options_set_backend(_ options: OpaquePointer?, _ backend: gln_backend) -> gln_status {
  set(options) { (it) throws(GoogLeNetError) in
    guard let value = Backend(rawValue: Int32(bitPattern: backend.rawValue)) else {
      throw Failure.unknown("backend", "gln_backend", backend.rawValue)
    }
    it.backend = value
  }
}

@c @implementation
public func gln_session_options_set_algorithm(_ options: OpaquePointer?, _ algorithm: gln_algorithm) -> gln_status {
  set(options) { (it) throws(GoogLeNetError) in
    guard let value = Algorithm(rawValue: Int32(bitPattern: algorithm.rawValue)) else {
      throw Failure.unknown("algorithm", "gln_algorithm", algorithm.rawValue)
    }
    it.algorithm = value
  }
}

@c @implementation
public func gln_session_options_set_precision(_ options: OpaquePointer?, _ precision: gln_precision) -> gln_status {
  set(options) { (it) throws(GoogLeNetError) in
    guard let value = Precision(rawValue: Int32(bitPattern: precision.rawValue)) else {
      throw Failure.unknown("precision", "gln_precision", precision.rawValue)
    }
    it.precision = value
  }
}

@c @implementation
public func gln_session_options_set_input_size(_ options: OpaquePointer?, _ height: Int32, _ width: Int32)
  -> gln_status
{
  set(options) { (it) throws(GoogLeNetError) in
    let sides = 0...Int32(SessionOptions.inputSizeLimit)
    guard sides ~= height, sides ~= width, (height == 0) == (width == 0) else {
      throw GoogLeNetError(
        .invalidArgument,
        "an input size of \(height) x \(width): use 1 to \(SessionOptions.inputSizeLimit) each, or 0, 0 for the model's own"
      )
    }
    it.inputHeight = Int(height)
    it.inputWidth = Int(width)
  }
}

@c @implementation
public func gln_session_options_set_spin_time(_ options: OpaquePointer?, _ microseconds: Int32) -> gln_status {
  set(options) { (it) throws(GoogLeNetError) in
    try ThreadTeam.check(spinMicroseconds: Int(microseconds))
    it.spinMicroseconds = Int(microseconds)
  }
}

@c @implementation
public func gln_session_options_set_memory_limit(_ options: OpaquePointer?, _ bytes: UInt64) -> gln_status {
  set(options) { (it) throws(GoogLeNetError) in
    it.memoryLimit = bytes == 0 ? SessionOptions.defaultMemoryLimit : bytes
  }
}

@c @implementation
public func gln_session_options_set_allocator(
  _ options: OpaquePointer?, _ allocate: gln_allocate_function?, _ release: gln_release_function?,
  _ context: UnsafeMutableRawPointer?
) -> gln_status {
  set(options) { (it) throws(GoogLeNetError) in
    guard let allocate, let release else {
      guard allocate == nil, release == nil else {
        throw GoogLeNetError(.invalidArgument, "allocate and release must both be given, or both be NULL")
      }
      it.allocator = nil
      return
    }
    it.allocator = SessionOptions.Allocator(allocate: allocate, release: release, context: context)
  }
}

@c @implementation
public func gln_session_options_set_log(
  _ options: OpaquePointer?, _ log: gln_log_function?, _ context: UnsafeMutableRawPointer?
) -> gln_status {
  set(options) { (it) throws(GoogLeNetError) in
    it.log = log.map { SessionOptions.Log(receive: $0, context: context) }
  }
}

@c @implementation
public func gln_session_options_set_progress(
  _ options: OpaquePointer?, _ progress: gln_progress_function?, _ context: UnsafeMutableRawPointer?
) -> gln_status {
  set(options) { (it) throws(GoogLeNetError) in
    it.progress = progress.map { SessionOptions.Progress(report: $0, context: context) }
  }
}

@c @implementation
public func gln_session_options_set_parallel_for(
  _ options: OpaquePointer?, _ parallel_for: gln_parallel_for_function?, _ context: UnsafeMutableRawPointer?
) -> gln_status {
  set(options) { (it) throws(GoogLeNetError) in
    it.parallelFor = parallel_for.map { ParallelFor(run: $0, context: context) }
  }
}

@c @implementation
public func gln_session_options_set_thread_team(_ options: OpaquePointer?, _ team: OpaquePointer?) -> gln_status {
  set(options) { (it) throws(GoogLeNetError) in it.team = ThreadTeam.from(team) }
}
