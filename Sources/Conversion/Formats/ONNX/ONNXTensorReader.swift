import CForeignFormats
import GoogLeNet

/// Reads ONNX tensors, wherever their values are: in the typed fields, as raw bytes, or in a file beside the model.
final class ONNXTensorReader {
  private let file: InputFile
  private var mappings: [String: MappedFile] = [:]

  init(_ file: InputFile) {
    self.file = file
  }

  /// - Parameter name: how errors call the tensor.
  func constant(_ it: Onnx__Tensor, name: String) throws(GoogLeNetError) -> ONNXConstant {
    guard let kind = ONNXElementType(rawValue: it.data_type) else {
      throw file.unsupported("tensor '\(name)' has element type \(it.data_type), which is not supported")
    }
    var dims: [Int] = []
    var count = 1
    for dim in UnsafeBufferPointer(start: it.dims, count: it.n_dims) {
      // Empty tensors count as if they had one: no product of their dimensions is ever too large.
      let (product, overflow) = count.multipliedReportingOverflow(by: max(Int(dim), 1))
      guard dim >= 0, !overflow, product < InputFile.sizeLimit else {
        throw file.invalid("tensor '\(name)' has the dimension \(dim): negative, or too large altogether")
      }
      dims.append(Int(dim))
      count = product
    }
    if dims.contains(0) { count = 0 }
    if it.data_location == 1 { return try external(it, name, kind, dims, count) }
    if it.has_raw_data != 0 {
      let raw = UnsafeRawBufferPointer(start: it.raw_data.data, count: it.raw_data.len)
      guard raw.count == count * kind.size else { throw wrongLength(name, raw.count, count * kind.size, "bytes") }
      return try constant(raw, kind, dims, count)
    }
    let found = typedCount(it, kind)
    guard found == count else { throw wrongLength(name, found, count, "values") }
    return kind.isFloatingPoint
      ? try ONNXConstant(dims: dims, elementType: kind, count: count, of: Float.self, file.budget) { typed(it, kind) }
      : try ONNXConstant(dims: dims, elementType: kind, count: count, of: Int.self, file.budget) { typed(it, kind) }
  }

  /// Values in raw bytes, of which there must be `count`.
  private func constant(_ raw: UnsafeRawBufferPointer, _ kind: ONNXElementType, _ dims: [Int], _ count: Int)
    throws(GoogLeNetError) -> ONNXConstant
  {
    if let stored = ONNXStoredIntegers(raw, kind, count: count) {
      return try ONNXConstant(dims: dims, elementType: kind, count: count, of: Never.self, file.budget) {
        .stored(stored)
      }
    }
    return kind.isFloatingPoint
      ? try ONNXConstant(dims: dims, elementType: kind, count: count, of: Float.self, file.budget) {
        ONNXTensorReader.values(raw, kind, count)
      }
      : try ONNXConstant(dims: dims, elementType: kind, count: count, of: Int.self, file.budget) {
        ONNXTensorReader.values(raw, kind, count)
      }
  }

  private func typedCount(_ it: Onnx__Tensor, _ kind: ONNXElementType) -> Int {
    switch kind {
    case .float32: it.n_float_data
    case .float64: it.n_double_data
    case .int64: it.n_int64_data
    case .float16, .bfloat16, .int32, .int16, .uint16, .int8, .uint8, .bool: it.n_int32_data
    }
  }

  private func wrongLength(_ name: String, _ found: Int, _ wanted: Int, _ unit: String) -> GoogLeNetError {
    file.invalid("tensor '\(name)' has \(found) \(unit), but its dimensions need \(wanted)")
  }

  private static func values(_ raw: UnsafeRawBufferPointer, _ kind: ONNXElementType, _ count: Int)
    -> ONNXConstant.Values
  {
    func integers<Value: FixedWidthInteger>(_ type: Value.Type) -> ONNXConstant.Values {
      .integers((0..<count).map { Int(truncatingIfNeeded: number($0, type)) })
    }
    func number<Value: FixedWidthInteger>(_ index: Int, _ type: Value.Type) -> Value {
      Value(littleEndian: raw.loadUnaligned(fromByteOffset: index * MemoryLayout<Value>.size, as: type))
    }
    switch kind {
    case .float32: return .floats((0..<count).map { Float(bitPattern: number($0, UInt32.self)) })
    case .float64: return .floats((0..<count).map { Float(Double(bitPattern: number($0, UInt64.self))) })
    case .float16: return .floats((0..<count).map { Float(binary16: number($0, UInt16.self)) })
    case .bfloat16: return .floats((0..<count).map { Float(bfloat16: number($0, UInt16.self)) })
    case .int64: return integers(Int64.self)
    case .int32: return integers(Int32.self)
    case .int16: return integers(Int16.self)
    case .uint16: return integers(UInt16.self)
    case .int8: return integers(Int8.self)
    case .uint8, .bool: return integers(UInt8.self)
    }
  }

  private func typed(_ it: Onnx__Tensor, _ kind: ONNXElementType) -> ONNXConstant.Values {
    let small = UnsafeBufferPointer(start: it.int32_data, count: it.n_int32_data)
    switch kind {
    case .float32: return .floats([Float](UnsafeBufferPointer(start: it.float_data, count: it.n_float_data)))
    case .float64: return .floats(UnsafeBufferPointer(start: it.double_data, count: it.n_double_data).map(Float.init))
    case .int64: return .integers(UnsafeBufferPointer(start: it.int64_data, count: it.n_int64_data).map { Int($0) })
    case .float16: return .floats(small.map { Float(binary16: UInt16(truncatingIfNeeded: $0)) })
    case .bfloat16: return .floats(small.map { Float(bfloat16: UInt16(truncatingIfNeeded: $0)) })
    case .int32, .int16, .uint16, .int8, .uint8, .bool: return .integers(small.map { Int($0) })
    }
  }

  // MARK: - External data

  private func external(
    _ it: Onnx__Tensor, _ name: String, _ kind: ONNXElementType, _ dims: [Int], _ count: Int
  ) throws(GoogLeNetError) -> ONNXConstant {
    var location = ""
    var offset = 0
    var length: Int?
    for entry in UnsafeBufferPointer(start: it.external_data, count: it.n_external_data) {
      guard let entry = entry?.pointee else { continue }
      let value = text(entry.value)
      switch text(entry.key) {
      case "location": location = value
      case "offset":
        guard let number = Int(value), number >= 0 else {
          throw file.invalid(
            "tensor '\(name)' lies at the offset '\(value)' of '\(location)': not a number of at least 0")
        }
        offset = number
      case "length":
        guard let number = Int(value), number >= 0 else {
          throw file.invalid("tensor '\(name)' has '\(value)' bytes in '\(location)': not a number of at least 0")
        }
        length = number
      default: break
      }
    }
    let data = try mapping(location, name).bytes
    let size = count * kind.size
    guard length ?? size == size else { throw wrongLength(name, length ?? 0, size, "bytes in '\(location)'") }
    guard offset <= data.count, size <= data.count - offset else {
      throw file.invalid(
        "tensor '\(name)' lies at bytes \(offset) to \(offset)+\(size) of '\(location)', which has only \(data.count)")
    }
    return try constant(UnsafeRawBufferPointer(rebasing: data[offset..<offset + size]), kind, dims, count)
  }

  /// The file that a location names.
  private func mapping(_ location: String, _ name: String) throws(GoogLeNetError) -> MappedFile {
    if let mapped = mappings[location] { return mapped }
    let mapped = try CompanionFile.map(location, of: file, "tensor '\(name)'")
    mappings[location] = mapped
    return mapped
  }
}
