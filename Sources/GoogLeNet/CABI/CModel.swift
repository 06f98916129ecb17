import CGoogLeNet
import CPlatform

/// More bytes than any path that Linux opens has (PATH_MAX, its NUL included).
private let pathLimit = 4096

@c @implementation
public func gln_model_load_file(_ path: UnsafePointer<CChar>?, _ model: UnsafeMutablePointer<OpaquePointer?>?)
  -> gln_status
{
  load(path, model) { (path) throws(GoogLeNetError) in try Model(path: path) }
}

@c @implementation
public func gln_model_read_file(_ path: UnsafePointer<CChar>?, _ model: UnsafeMutablePointer<OpaquePointer?>?)
  -> gln_status
{
  load(path, model) { (path) throws(GoogLeNetError) in try Model(copying: path) }
}

private func load(
  _ path: UnsafePointer<CChar>?, _ model: UnsafeMutablePointer<OpaquePointer?>?,
  _ open: (String) throws(GoogLeNetError) -> Model
) -> gln_status {
  guard let path else { return Failure.null("path") }
  guard let model else { return Failure.null("model") }
  return Failure.catching { () throws(GoogLeNetError) in
    guard let path = try CallerText.path(path, limit: pathLimit) else {
      throw GoogLeNetError(.ioError, "cannot open the model file: name too long (\(pathLimit) bytes or more)")
    }
    model.pointee = try ModelHandle.make(try open(path))
  }
}

@c @implementation
public func gln_model_load_memory(
  _ bytes: UnsafeRawPointer?, _ size: Int, _ memory: gln_memory, _ model: UnsafeMutablePointer<OpaquePointer?>?
) -> gln_status {
  guard let bytes else { return Failure.null("bytes") }
  guard let model else { return Failure.null("model") }
  guard AddressSpace.holds(size, of: 1, from: bytes) else { return Failure.report(Failure.beyondMemory("size", size)) }
  let caller = UnsafeRawBufferPointer(start: bytes, count: size)
  return Failure.catching { () throws(GoogLeNetError) in
    switch memory {
    case GLN_MEMORY_BORROW:
      model.pointee = try ModelHandle.make(try Model(memory: MemoryBlock(borrowing: caller)))
    case GLN_MEMORY_COPY:
      guard let copy = HeapBlock(byteCount: size) else {
        throw GoogLeNetError(.outOfMemory, "no memory for a copy of \(size) bytes")
      }
      copy.mutableBytes.copyMemory(from: caller)
      model.pointee = try ModelHandle.make(try Model(memory: copy))
    default: throw Failure.unknown("memory", memory.rawValue)
    }
  }
}

@c @implementation
public func gln_model_free(_ model: OpaquePointer?) {
  guard let model else { return }
  let state = gln_float_begin()
  Unmanaged<ModelHandle>.fromOpaque(UnsafeRawPointer(model)).release()
  gln_float_end(state)
}

@c @implementation
public func gln_model_name(_ model: OpaquePointer?) -> UnsafePointer<CChar>? { ModelHandle.from(model)?.name }

@c @implementation
public func gln_model_producer(_ model: OpaquePointer?) -> UnsafePointer<CChar>? { ModelHandle.from(model)?.producer }

@c @implementation
public func gln_model_class_count(_ model: OpaquePointer?) -> Int { ModelHandle.from(model)?.model.classCount ?? 0 }

@c @implementation
public func gln_model_label(_ model: OpaquePointer?, _ class_index: Int) -> UnsafePointer<CChar>? {
  guard let handle = ModelHandle.from(model), 0..<handle.model.classCount ~= class_index else { return nil }
  return handle.label(class_index)
}

@c @implementation
public func gln_model_input_height(_ model: OpaquePointer?) -> Int32 {
  Int32(ModelHandle.from(model)?.model.network.preprocessing.inputHeight ?? 0)
}

@c @implementation
public func gln_model_input_width(_ model: OpaquePointer?) -> Int32 {
  Int32(ModelHandle.from(model)?.model.network.preprocessing.inputWidth ?? 0)
}

@c @implementation
public func gln_model_input_channels(_ model: OpaquePointer?) -> Int32 {
  Int32(ModelHandle.from(model)?.model.network.preprocessing.channelOrder.channels ?? 0)
}

@c @implementation
public func gln_model_feature_count(_ model: OpaquePointer?) -> Int {
  ModelHandle.from(model)?.model.featureCount ?? 0
}

@c @implementation
public func gln_model_precision(_ model: OpaquePointer?) -> gln_precision {
  gln_precision(rawValue: UInt32((ModelHandle.from(model)?.model.precision ?? .auto).rawValue))
}

@c @implementation
public func gln_model_parameter_count(_ model: OpaquePointer?) -> UInt64 {
  ModelHandle.from(model)?.model.parameterCount ?? 0
}

@c @implementation
public func gln_model_multiply_add_count(_ model: OpaquePointer?) -> UInt64 {
  ModelHandle.from(model)?.model.multiplyAddCount ?? 0
}

@c @implementation
public func gln_model_work_count(_ model: OpaquePointer?) -> UInt64 { ModelHandle.from(model)?.model.workCount ?? 0 }

@c @implementation
public func gln_model_layer_count(_ model: OpaquePointer?) -> Int {
  ModelHandle.from(model)?.model.network.layers.count ?? 0
}

@c @implementation
public func gln_model_layer(_ model: OpaquePointer?, _ index: Int, _ info: UnsafeMutablePointer<gln_layer_info>?)
  -> gln_status
{
  guard let handle = ModelHandle.from(model) else { return Failure.null("model") }
  guard let info else { return Failure.null("info") }
  let count = handle.model.network.layers.count
  guard 0..<count ~= index else {
    return Failure.report(
      GoogLeNetError(
        .invalidArgument, "index is \(UInt(bitPattern: index)): the model has \(count) layers, counted from 0"))
  }
  // All members so far came with the first version, so nothing smaller can be a caller's struct.
  guard info.pointee.struct_size >= MemoryLayout<gln_layer_info>.size else {
    return Failure.report(
      GoogLeNetError(
        .invalidArgument,
        "info->struct_size is \(UInt(bitPattern: info.pointee.struct_size)): set it to sizeof(gln_layer_info)"))
  }
  let summary = handle.model.layerSummary(index)
  info.pointee.name = handle.layerName(index)
  info.pointee.kind = StaticText.pointer(summary.kind)
  info.pointee.channels = Int32(summary.shape.channels)
  info.pointee.height = Int32(summary.shape.height)
  info.pointee.width = Int32(summary.shape.width)
  info.pointee.parameter_count = summary.parameterCount
  info.pointee.multiply_add_count = summary.multiplyAddCount
  return GLN_OK
}
