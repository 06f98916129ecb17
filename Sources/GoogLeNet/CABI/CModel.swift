import CGoogLeNet
import CPlatform

/// The most that `gln_model_load_callbacks` asks for at once.
private let pieceBytes = 1 << 20

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
      let copy = try blockForCopy(size)
      copy.mutableBytes.copyMemory(from: caller)
      model.pointee = try ModelHandle.make(try Model(memory: copy))
    default: throw Failure.unknown("memory", "gln_memory", memory.rawValue)
    }
  }
}

@c @implementation
public func gln_model_load_callbacks(
  _ read: gln_read_function?, _ size: UInt64, _ context: UnsafeMutableRawPointer?,
  _ model: UnsafeMutablePointer<OpaquePointer?>?
) -> gln_status {
  guard let read else { return Failure.null("read") }
  guard let model else { return Failure.null("model") }
  return Failure.catching { () throws(GoogLeNetError) in
    guard let count = Int(exactly: size), AddressSpace.holds(count) else {
      throw GoogLeNetError(.invalidArgument, "size is \(size): no memory reaches that far")
    }
    let copy = try blockForCopy(count)
    try Allocation.check()
    var offset = 0
    while offset < count {
      let piece = UnsafeMutableRawBufferPointer(rebasing: copy.mutableBytes[offset..<min(offset + pieceBytes, count)])
      gln_host_begin()
      let result = read(context, UInt64(offset), piece.baseAddress, piece.count)
      gln_host_end()
      guard result == 0 else {
        throw GoogLeNetError(
          .ioError,
          "read returned \(Int(result)) for \(piece.count) bytes from byte \(offset) of \(count) on: 0 is success")
      }
      offset += piece.count
    }
    model.pointee = try ModelHandle.make(try Model(memory: copy, source: "the model from callbacks"))
  }
}

private func blockForCopy(_ size: Int) throws(GoogLeNetError) -> HeapBlock {
  guard let block = HeapBlock(unfilled: size) else {
    throw GoogLeNetError(.outOfMemory, "no memory for a copy of \(size) bytes")
  }
  return block
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
public func gln_model_preprocessing(
  _ model: OpaquePointer?, _ preprocessing: UnsafeMutablePointer<gln_preprocessing>?
) -> gln_status {
  guard let handle = ModelHandle.from(model) else { return Failure.null("model") }
  guard let preprocessing else { return Failure.null("preprocessing") }
  // All members so far came with the first version, so nothing smaller can be a caller's struct.
  let size = preprocessing.pointee.struct_size
  guard size >= MemoryLayout<gln_preprocessing>.size else {
    return Failure.refuse(
      "preprocessing->struct_size is \(UInt(bitPattern: size)): set it to sizeof(gln_preprocessing)")
  }
  let it = handle.model.network.preprocessing
  var result = gln_preprocessing()
  result.struct_size = size
  result.channel_order = gln_channel_order(rawValue: it.channelOrder.rawValue)
  result.channels = Int32(it.channelOrder.channels)
  result.input_height = Int32(it.inputHeight)
  result.input_width = Int32(it.inputWidth)
  result.short_side = Int32(it.shortSide)
  result.resize_rule = gln_resize_rule(rawValue: it.resizeRule.rawValue)
  result.mean = perChannel(it.mean)
  result.scale = perChannel(it.scale)
  preprocessing.pointee = result
  return GLN_OK
}

private func perChannel(_ values: [Float]) -> (Float, Float, Float) {
  (values[0], values.count > 1 ? values[1] : 0, values.count > 2 ? values[2] : 0)
}

@c @implementation
public func gln_model_metadata(_ model: OpaquePointer?, _ key: UnsafePointer<CChar>?) -> UnsafePointer<CChar>? {
  guard let handle = ModelHandle.from(model), let key else { return nil }
  return handle.metadata(of: key)
}

@c @implementation
public func gln_model_metadata_count(_ model: OpaquePointer?) -> Int { ModelHandle.from(model)?.metadataCount ?? 0 }

@c @implementation
public func gln_model_metadata_entry(
  _ model: OpaquePointer?, _ index: Int, _ key: UnsafeMutablePointer<UnsafePointer<CChar>?>?,
  _ value: UnsafeMutablePointer<UnsafePointer<CChar>?>?
) -> gln_status {
  guard let handle = ModelHandle.from(model) else { return Failure.null("model") }
  guard let key else { return Failure.null("key") }
  guard let value else { return Failure.null("value") }
  guard 0..<handle.metadataCount ~= index else {
    return beyond(index, handle.metadataCount, "metadata entries")
  }
  (key.pointee, value.pointee) = handle.metadata(index)
  return GLN_OK
}

private func beyond(_ index: Int, _ count: Int, _ what: StaticString) -> gln_status {
  Failure.refuse("index is \(UInt(bitPattern: index)): the model has \(count) \(what), counted from 0")
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
  guard 0..<count ~= index else { return beyond(index, count, "layers") }
  // All members so far came with the first version, so nothing smaller can be a caller's struct.
  guard info.pointee.struct_size >= MemoryLayout<gln_layer_info>.size else {
    return Failure.refuse(
      "info->struct_size is \(UInt(bitPattern: info.pointee.struct_size)): set it to sizeof(gln_layer_info)")
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
