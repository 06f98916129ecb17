import CForeignFormats
import GoogLeNet

/// A constant of a graph to be written.
struct ONNXInitializer {
  enum Values {
    /// As they lie in the model.
    case stored(Tensor)
    /// To be written as float32.
    case widened(Tensor)
    case made([UInt8])
  }

  /// The number of the field `raw_data` in TensorProto.
  private static let rawData: UInt64 = 9

  private let values: Values
  private let byteCount: Int
  /// The serialized message up to the content of `raw_data`.
  private let header: [UInt8]

  init(name: String, dims: [Int], type: ONNXElementType, values: Values) throws(GoogLeNetError) {
    self.values = values
    byteCount =
      switch values {
      case .stored(let tensor): tensor.bytes.count
      case .widened(let tensor): tensor.count * 4
      case .made(let bytes): bytes.count
      }
    let arena = MessageArena()
    let message = try arena.message(onnx__tensor__init)
    message.pointee.n_dims = dims.count
    message.pointee.dims = try arena.copy(dims.map { Int64($0) })
    message.pointee.has_data_type = 1
    message.pointee.data_type = type.rawValue
    message.pointee.name = try arena.copy(name)
    var packed = [UInt8](repeating: 0, count: onnx__tensor__get_packed_size(message))
    packed.withUnsafeMutableBufferPointer { _ = onnx__tensor__pack(message, $0.baseAddress) }
    withExtendedLifetime(arena) {}
    header = packed + ProtobufEncoding.prefix(ONNXInitializer.rawData, length: byteCount)
  }

  /// Bytes of the serialized message.
  var size: Int { header.count + byteCount }

  /// Hands the bytes of the message, in order, to `sink`.
  func emit(to sink: (UnsafeRawBufferPointer) throws(GoogLeNetError) -> Void) throws(GoogLeNetError) {
    try header.withRawBytes(sink)
    switch values {
    case .stored(let tensor): try sink(tensor.bytes)
    case .widened(let tensor): try tensor.floats().withRawBytes(sink)
    case .made(let bytes): try bytes.withRawBytes(sink)
    }
  }
}
