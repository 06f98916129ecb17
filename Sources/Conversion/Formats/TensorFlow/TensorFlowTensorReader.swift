import CForeignFormats
import GoogLeNet

/// Reads tensors of TensorFlow's files.
struct TensorFlowTensorReader {
  private let file: InputFile

  init(_ file: InputFile) {
    self.file = file
  }

  /// The element types of TensorFlow that are read.
  static let formats: [Int32: NumberFormat] = [
    1: .float32, 2: .float64, 3: .int32, 4: .uint8, 5: .int16, 6: .int8, 9: .int64, 10: .bool, 14: .bfloat16,
    19: .float16,
  ]

  /// - Parameter name: how errors call the tensor.
  func dims(_ shape: Tensorflow__Shape?, name: String) throws(GoogLeNetError) -> (dims: [Int], count: Int) {
    var dims: [Int] = []
    var count = 1
    guard let shape else { return ([], 1) }
    guard shape.unknown_rank == 0 else { throw file.invalid("tensor '\(name)' does not say its dimensions") }
    for dim in UnsafeBufferPointer(start: shape.dim, count: shape.n_dim) {
      let size = Int(dim?.pointee.size ?? 0)
      let (product, overflow) = count.multipliedReportingOverflow(by: max(size, 1))
      guard size >= 0, !overflow, product < InputFile.sizeLimit else {
        throw file.invalid("tensor '\(name)' has the dimension \(size): negative, or too large altogether")
      }
      dims.append(size)
      count = product
    }
    return (dims, dims.contains(0) ? 0 : count)
  }

  func constant(_ it: Tensorflow__Tensor, name: String) throws(GoogLeNetError) -> GraphConstant {
    guard let format = TensorFlowTensorReader.formats[it.dtype] else {
      throw file.unsupported("tensor '\(name)' has element type \(it.dtype), which is not supported")
    }
    let (dims, count) = try dims(it.tensor_shape?.pointee, name: name)
    if it.tensor_content.len > 0 {
      let raw = UnsafeRawBufferPointer(start: it.tensor_content.data, count: it.tensor_content.len)
      guard raw.count == count * format.size else {
        throw file.invalid(
          "tensor '\(name)' has \(raw.count) bytes, but its dimensions need \(count * format.size)")
      }
      return try format.constant(raw, dims: dims, count: count, file.budget)
    }
    // What is stored and what is repeated.
    return format.isFloatingPoint
      ? try file.budget.lend(ValueBudget.bytes(storedCount(it), of: Float.self)) { () throws(GoogLeNetError) in
        try GraphConstant(dims: dims, count: count, of: Float.self, file.budget) { () throws(GoogLeNetError) in
          try repeated(typed(it, format), count, name)
        }
      }
      : try file.budget.lend(ValueBudget.bytes(storedCount(it), of: Int.self)) { () throws(GoogLeNetError) in
        try GraphConstant(dims: dims, count: count, of: Int.self, file.budget) { () throws(GoogLeNetError) in
          try repeated(typed(it, format), count, name)
        }
      }
  }

  /// Values in the field of any type.
  private func storedCount(_ it: Tensorflow__Tensor) -> Int {
    it.n_half_val + it.n_float_val + it.n_double_val + it.n_int_val + it.n_int64_val + it.n_bool_val
  }

  private func repeated(_ values: GraphConstant.Values, _ count: Int, _ name: String) throws(GoogLeNetError)
    -> GraphConstant.Values
  {
    switch values {
    case .floats(let values): .floats(try repeated(values, 0, count, name))
    case .integers(let values): .integers(try repeated(values, 0, count, name))
    case .stored, .quantized: values
    }
  }

  private func typed(_ it: Tensorflow__Tensor, _ format: NumberFormat) -> GraphConstant.Values {
    let halves = UnsafeBufferPointer(start: it.half_val, count: it.n_half_val)
    switch format {
    case .float32: return .floats([Float](UnsafeBufferPointer(start: it.float_val, count: it.n_float_val)))
    case .float64: return .floats(UnsafeBufferPointer(start: it.double_val, count: it.n_double_val).map(Float.init))
    case .float16: return .floats(halves.map { Float(binary16: UInt16(truncatingIfNeeded: $0)) })
    case .bfloat16: return .floats(halves.map { Float(bfloat16: UInt16(truncatingIfNeeded: $0)) })
    case .int64: return .integers(UnsafeBufferPointer(start: it.int64_val, count: it.n_int64_val).map { Int($0) })
    case .bool: return .integers(UnsafeBufferPointer(start: it.bool_val, count: it.n_bool_val).map { Int($0) })
    case .int8, .uint8, .int16, .uint16, .int32:
      return .integers(UnsafeBufferPointer(start: it.int_val, count: it.n_int_val).map { Int($0) })
    }
  }

  /// The last value stands for all that are missing; none at all for zeros.
  private func repeated<Value>(_ values: [Value], _ zero: Value, _ count: Int, _ name: String)
    throws(GoogLeNetError) -> [Value]
  {
    guard values.count <= count else {
      throw file.invalid("tensor '\(name)' has \(values.count) values, but its dimensions need \(count)")
    }
    guard values.count < count else { return values }
    return values + [Value](repeating: values.last ?? zero, count: count - values.count)
  }

  /// Texts, as many as there are.
  static func texts(_ it: Tensorflow__Tensor) -> [String] {
    UnsafeBufferPointer(start: it.string_val, count: it.n_string_val).map {
      String(decoding: UnsafeBufferPointer(start: $0.data, count: $0.len), as: UTF8.self)
    }
  }
}
