import CGoogLeNet
import CPlatform

@c @implementation
public func gln_session_create(
  _ model: OpaquePointer?, _ options: OpaquePointer?, _ session: UnsafeMutablePointer<OpaquePointer?>?
) -> gln_status {
  guard let handle = ModelHandle.from(model) else { return Failure.null("model") }
  guard let session else { return Failure.null("session") }
  return Failure.catching { () throws(GoogLeNetError) in
    let created = SessionHandle(
      try Session(
        sharing: handle.packedWeights, options: OptionsHandle.from(options)?.options ?? SessionOptions()), handle)
    try Allocation.check()
    session.pointee = OpaquePointer(Unmanaged.passRetained(created).toOpaque())
  }
}

@c @implementation
public func gln_session_free(_ session: OpaquePointer?) {
  guard let session else { return }
  let state = gln_float_begin()
  Unmanaged<SessionHandle>.fromOpaque(UnsafeRawPointer(session)).release()
  gln_float_end(state)
}

@c @implementation
public func gln_session_isa(_ session: OpaquePointer?) -> gln_isa {
  gln_isa(rawValue: UInt32((SessionHandle.from(session)?.session.isa ?? .best).rawValue))
}

@c @implementation
public func gln_session_threads(_ session: OpaquePointer?) -> Int32 {
  Int32(SessionHandle.from(session)?.session.threads ?? 0)
}

@c @implementation
public func gln_session_precision(_ session: OpaquePointer?) -> gln_precision {
  gln_precision(rawValue: UInt32((SessionHandle.from(session)?.session.precision ?? .auto).rawValue))
}

@c @implementation
public func gln_session_backend(_ session: OpaquePointer?) -> gln_backend {
  gln_backend(rawValue: UInt32((SessionHandle.from(session)?.session.backend ?? .native).rawValue))
}

@c @implementation
public func gln_session_input_height(_ session: OpaquePointer?) -> Int32 {
  Int32(SessionHandle.from(session)?.session.inputHeight ?? 0)
}

@c @implementation
public func gln_session_input_width(_ session: OpaquePointer?) -> Int32 {
  Int32(SessionHandle.from(session)?.session.inputWidth ?? 0)
}

@c @implementation
public func gln_session_weight_bytes(_ session: OpaquePointer?) -> Int {
  SessionHandle.from(session)?.session.weightBytes ?? 0
}

@c @implementation
public func gln_session_activation_bytes(_ session: OpaquePointer?) -> Int {
  SessionHandle.from(session)?.session.activationBytes ?? 0
}

@c @implementation
public func gln_session_memory(_ session: OpaquePointer?, _ info: UnsafeMutablePointer<gln_session_memory_info>?)
  -> gln_status
{
  guard let handle = SessionHandle.from(session) else { return Failure.null("session") }
  guard let info else { return Failure.null("info") }
  // All members so far came with the first version, so nothing smaller can be a caller's struct.
  guard info.pointee.struct_size >= MemoryLayout<gln_session_memory_info>.size else {
    return Failure.refuse(
      "info->struct_size is \(UInt(bitPattern: info.pointee.struct_size)): set it to sizeof(gln_session_memory_info)")
  }
  let memory = handle.session.memory
  info.pointee.model_bytes = memory.model
  info.pointee.weight_bytes = memory.weights
  info.pointee.arena_bytes = memory.arena
  info.pointee.scratch_bytes = memory.scratch
  info.pointee.picture_bytes = memory.picture
  info.pointee.peak_bytes = memory.peak
  return GLN_OK
}

/// The images behind a caller's struct, of a session's input size.
private func images(_ batch: UnsafePointer<gln_batch>, _ session: Session) throws(GoogLeNetError) -> Batch {
  let it = batch.pointee
  let kind: Batch.Kind
  let valueBytes: Int
  switch it.kind {
  case GLN_BATCH_U8:
    let format = try PixelFormat(it.format, "batch->format")
    kind = .pixels(format)
    valueBytes = format.bytesPerPixel
  case GLN_BATCH_FLOAT32:
    kind = .tensors
    valueBytes = session.model.network.preprocessing.channelOrder.channels * MemoryLayout<Float>.size
  default:
    throw Failure.unknown("batch->kind", "gln_batch_kind", it.kind.rawValue)
  }
  if let data = it.data {
    let imageBytes = session.inputHeight * session.inputWidth * valueBytes
    guard AddressSpace.holds(it.count, of: imageBytes, from: data) else {
      throw Failure.beyondMemory("batch->count", it.count)
    }
  }
  return try Batch(kind, data: it.data, count: it.count)
}

/// The caller's buffer for results.
private func room<Element>(_ start: UnsafeMutablePointer<Element>, _ capacity: Int) throws(GoogLeNetError)
  -> UnsafeMutableBufferPointer<Element>
{
  guard AddressSpace.holds(capacity, of: MemoryLayout<Element>.stride, from: start) else {
    throw Failure.beyondMemory("capacity", capacity)
  }
  return UnsafeMutableBufferPointer(start: start, count: capacity)
}

@c @implementation
public func gln_session_classify(
  _ session: OpaquePointer?, _ image: UnsafePointer<gln_image>?, _ predictions: UnsafeMutablePointer<gln_prediction>?,
  _ capacity: Int, _ count: UnsafeMutablePointer<Int>?
) -> gln_status {
  guard let handle = SessionHandle.from(session) else { return Failure.null("session") }
  guard let image else { return Failure.null("image") }
  guard let predictions else { return Failure.null("predictions") }
  return Failure.catching { () throws(GoogLeNetError) in
    let predictions = try room(predictions, capacity)
    try handle.session.classify(try Picture(image), count: capacity) { found in
      if let start = predictions.baseAddress { handle.write(found, to: start) }
      count?.pointee = found.count
    }
  }
}

@c @implementation
public func gln_session_preprocess(
  _ session: OpaquePointer?, _ image: UnsafePointer<gln_image>?, _ pixels: UnsafeMutablePointer<UInt8>?,
  _ capacity: Int
) -> gln_status {
  guard let handle = SessionHandle.from(session) else { return Failure.null("session") }
  guard let image else { return Failure.null("image") }
  guard let pixels else { return Failure.null("pixels") }
  return Failure.catching { () throws(GoogLeNetError) in
    try handle.session.preprocess(try View(try Picture(image)), into: try room(pixels, capacity))
  }
}

@c @implementation
public func gln_session_predict(
  _ session: OpaquePointer?, _ batch: UnsafePointer<gln_batch>?, _ output: gln_output,
  _ values: UnsafeMutablePointer<Float>?, _ capacity: Int
) -> gln_status {
  guard let handle = SessionHandle.from(session) else { return Failure.null("session") }
  guard let batch else { return Failure.null("batch") }
  guard let values else { return Failure.null("values") }
  return Failure.catching { () throws(GoogLeNetError) in
    guard let wanted = Output(rawValue: Int32(bitPattern: output.rawValue)) else {
      throw Failure.unknown("output", "gln_output", output.rawValue)
    }
    try handle.session.predict(
      try images(batch, handle.session), output: wanted, into: try room(values, capacity))
  }
}

@c @implementation
public func gln_session_features(
  _ session: OpaquePointer?, _ batch: UnsafePointer<gln_batch>?, _ values: UnsafeMutablePointer<Float>?,
  _ capacity: Int
) -> gln_status {
  guard let handle = SessionHandle.from(session) else { return Failure.null("session") }
  guard let batch else { return Failure.null("batch") }
  guard let values else { return Failure.null("values") }
  return Failure.catching { () throws(GoogLeNetError) in
    try handle.session.features(try images(batch, handle.session), into: try room(values, capacity))
  }
}

extension Model {
  /// The index of a layer by a caller's name for it. Takes no memory where there is one.
  func index(ofCaller name: UnsafePointer<CChar>) throws(GoogLeNetError) -> Int {
    let limit = ModelLimits.textBytes + 1
    guard let bytes = CallerText.bytes(name, limit: limit) else {
      throw GoogLeNetError(
        .notFound,
        "there is no layer '\(CallerText.beginning(name, limit: limit))': names have at most \(ModelLimits.textBytes) bytes"
      )
    }
    guard let index = index(of: bytes) else { throw noLayer(String(decoding: bytes, as: UTF8.self)) }
    return index
  }
}

@c @implementation
public func gln_session_layer_shape(
  _ session: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ channels: UnsafeMutablePointer<Int32>?,
  _ height: UnsafeMutablePointer<Int32>?, _ width: UnsafeMutablePointer<Int32>?
) -> gln_status {
  guard let handle = SessionHandle.from(session) else { return Failure.null("session") }
  guard let name else { return Failure.null("name") }
  guard let channels else { return Failure.null("channels") }
  guard let height else { return Failure.null("height") }
  guard let width else { return Failure.null("width") }
  return Failure.catching { () throws(GoogLeNetError) in
    let shape = handle.session.layerShape(try handle.session.model.index(ofCaller: name))
    try Allocation.check()
    channels.pointee = Int32(shape.channels)
    height.pointee = Int32(shape.height)
    width.pointee = Int32(shape.width)
  }
}

@c @implementation
public func gln_session_layer(
  _ session: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ batch: UnsafePointer<gln_batch>?,
  _ values: UnsafeMutablePointer<Float>?, _ capacity: Int
) -> gln_status {
  guard let handle = SessionHandle.from(session) else { return Failure.null("session") }
  guard let name else { return Failure.null("name") }
  guard let batch else { return Failure.null("batch") }
  guard let values else { return Failure.null("values") }
  return Failure.catching { () throws(GoogLeNetError) in
    try handle.session.layer(
      try handle.session.model.index(ofCaller: name), try images(batch, handle.session),
      into: try room(values, capacity))
  }
}

@c @implementation
public func gln_session_profile(
  _ session: OpaquePointer?, _ batch: UnsafePointer<gln_batch>?, _ receive: gln_profile_function?,
  _ context: UnsafeMutableRawPointer?
) -> gln_status {
  guard let handle = SessionHandle.from(session) else { return Failure.null("session") }
  guard let batch else { return Failure.null("batch") }
  guard let receive else { return Failure.null("receive") }
  return Failure.catching { () throws(GoogLeNetError) in
    let layerCount = handle.model.model.network.layers.count
    // See docs/memory.md.
    try Allocation.ensure(16 << 10 + 16 * layerCount)
    let names = UnsafeMutableBufferPointer<UnsafePointer<CChar>?>.allocate(capacity: layerCount)
    defer { names.deallocate() }
    try handle.session.profile(try images(batch, handle.session)) { image, operation, nanoseconds in
      for (place, layer) in operation.layers.enumerated() { names[place] = handle.model.layerName(layer) }
      var time = gln_operation_time()
      time.struct_size = MemoryLayout<gln_operation_time>.size
      time.image = image
      time.layer_count = operation.layers.count
      time.layers = operation.layers.isEmpty ? nil : UnsafePointer(names.baseAddress)
      time.kind = StaticText.pointer(operation.kind)
      time.kernel = StaticText.pointer(operation.kernel)
      time.precision = gln_precision(rawValue: UInt32(operation.precision.rawValue))
      time.channels = Int32(operation.shape.channels)
      time.height = Int32(operation.shape.height)
      time.width = Int32(operation.shape.width)
      time.multiply_add_count = operation.multiplyAdds
      time.multiplication_count = operation.multiplications
      time.nanoseconds = nanoseconds
      gln_host_begin()
      receive(context, &time)
      gln_host_end()
    }
  }
}
