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
  func constant(_ it: Onnx__Tensor, name: String) throws(GoogLeNetError) -> GraphConstant {
    guard let format = ONNXElementType(rawValue: it.data_type)?.format else {
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
    if it.data_location == 1 { return try external(it, name, format, dims, count) }
    if it.has_raw_data != 0 {
      let raw = UnsafeRawBufferPointer(start: it.raw_data.data, count: it.raw_data.len)
      guard raw.count == count * format.size else { throw wrongLength(name, raw.count, count * format.size, "bytes") }
      return try constant(raw, format, dims, count)
    }
    let found = typedCount(it, format)
    guard found == count else { throw wrongLength(name, found, count, "values") }
    return format.isFloatingPoint
      ? try GraphConstant(dims: dims, format: format, count: count, of: Float.self, file.budget) { typed(it, format) }
      : try GraphConstant(dims: dims, format: format, count: count, of: Int.self, file.budget) { typed(it, format) }
  }

  /// Values in raw bytes, of which there must be `count`.
  private func constant(_ raw: UnsafeRawBufferPointer, _ format: NumberFormat, _ dims: [Int], _ count: Int)
    throws(GoogLeNetError) -> GraphConstant
  {
    guard let stored = GraphStoredIntegers(raw, format, count: count) else {
      return try format.constant(raw, dims: dims, count: count, file.budget)
    }
    return try GraphConstant(dims: dims, format: format, count: count, of: Never.self, file.budget) {
      .stored(stored)
    }
  }

  private func typedCount(_ it: Onnx__Tensor, _ format: NumberFormat) -> Int {
    switch format {
    case .float32: it.n_float_data
    case .float64: it.n_double_data
    case .int64: it.n_int64_data
    case .float16, .bfloat16, .int32, .int16, .uint16, .int8, .uint8, .bool: it.n_int32_data
    }
  }

  private func wrongLength(_ name: String, _ found: Int, _ wanted: Int, _ unit: String) -> GoogLeNetError {
    file.invalid("tensor '\(name)' has \(found) \(unit), but its dimensions need \(wanted)")
  }

  private func typed(_ it: Onnx__Tensor, _ format: NumberFormat) -> GraphConstant.Values {
    let small = UnsafeBufferPointer(start: it.int32_data, count: it.n_int32_data)
    switch format {
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
    _ it: Onnx__Tensor, _ name: String, _ format: NumberFormat, _ dims: [Int], _ count: Int
  ) throws(GoogLeNetError) -> GraphConstant {
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
    let size = count * format.size
    guard length ?? size == size else { throw wrongLength(name, length ?? 0, size, "bytes in '\(location)'") }
    guard offset <= data.count, size <= data.count - offset else {
      throw file.invalid(
        "tensor '\(name)' lies at bytes \(offset) to \(offset)+\(size) of '\(location)', which has only \(data.count)")
    }
    return try constant(UnsafeRawBufferPointer(rebasing: data[offset..<offset + size]), format, dims, count)
  }

  /// The file that a location names.
  private func mapping(_ location: String, _ name: String) throws(GoogLeNetError) -> MappedFile {
    if let mapped = mappings[location] { return mapped }
    let mapped = try CompanionFile.map(location, of: file, "tensor '\(name)'")
    mappings[location] = mapped
    return mapped
  }
}
