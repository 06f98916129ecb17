import GoogLeNet

/// A tensor of a TFLite model: what it is called, how its numbers are stored, and which they are if they are constant.
struct TFLiteTensor {
  let name: String
  let dims: [Int]
  /// Negative where a dimension is open.
  let declaredDims: [Int]
  let format: NumberFormat
  /// A number q stands for (q - zero point) × scale; no scale where it stands for itself.
  let scales: [Float]
  let zeroPoints: [Int]
  /// The dimension along which scales differ.
  let quantizedDimension: Int
  /// The values of a constant, row by row.
  let data: UnsafeRawBufferPointer?

  private static let formats: [NumberFormat?] = [
    .float32, .float16, .int32, .uint8, .int64, nil, .bool, .int16, nil, .int8, .float64,
  ]

  /// - Parameters:
  ///   - table: of the file's tensors.
  ///   - model: the file's outermost table, which holds the constants.
  init(_ table: FlatTable, model: FlatTable) throws(GoogLeNetError) {
    let file = table.file
    let name = try table.text(3)
    self.name = name
    let type = try table.number(1, Int8.self)
    guard TFLiteTensor.formats.indices.contains(type), let format = TFLiteTensor.formats[type] else {
      throw file.unsupported("tensor '\(name)' has element type \(type), which is not supported")
    }
    self.format = format
    guard try table.table(6) == nil else {
      throw file.unsupported("tensor '\(name)' is sparse, which is not supported")
    }
    dims = try table.numbers(0, Int32.self) ?? []
    let declared = try table.numbers(7, Int32.self) ?? []
    declaredDims = declared.count == dims.count ? declared : dims
    let quantization = try table.table(4)
    scales = try quantization?.floats(2) ?? []
    let zeros = try quantization?.numbers(3, Int64.self) ?? []
    quantizedDimension = try quantization?.number(6, Int32.self) ?? 0
    guard scales.allSatisfy({ $0.isFinite && $0 >= 0 }), scales.isEmpty || zeros.isEmpty || zeros.count == scales.count,
      zeros.allSatisfy({ Int(Int32.min)...Int(Int32.max) ~= $0 })
    else { throw file.invalid("tensor '\(name)' has damaged scales or zero points") }
    zeroPoints = zeros.isEmpty ? [Int](repeating: 0, count: scales.count) : zeros
    if scales.count > 1 {
      guard dims.indices.contains(quantizedDimension), dims[quantizedDimension] == scales.count else {
        throw file.invalid("tensor '\(name)' of \(dims) has \(scales.count) scales")
      }
    }
    data = try TFLiteTensor.data(table, model, name: name, dims: dims, format: format)
  }

  private static func data(
    _ table: FlatTable, _ model: FlatTable, name: String, dims: [Int], format: NumberFormat
  ) throws(GoogLeNetError) -> UnsafeRawBufferPointer? {
    let file = table.file
    let index = try table.number(2, UInt32.self)
    // The first buffer is empty by custom: that of all tensors that are not constant.
    guard index > 0 else { return nil }
    let buffer = try model.table(4, at: index, "buffer")
    guard try buffer.number(1, UInt64.self) <= 1 else {
      throw file.unsupported("tensor '\(name)' lies behind the FlatBuffer, which is not supported")
    }
    guard let data = try buffer.bytes(0), !data.isEmpty else { return nil }
    let count = dims.isEmpty ? 1 : dims.checkedProduct ?? 0
    guard count <= InputFile.sizeLimit, data.count == count * format.size else {
      throw file.invalid("tensor '\(name)' of \(dims) has \(data.count) bytes")
    }
    return data
  }

  /// Values in the tensor.
  var count: Int { (data?.count ?? 0) / format.size }

  var isQuantized: Bool { !scales.isEmpty && [.int8, .uint8, .int16, .int32].contains(format) }

  /// The constant's numbers as they are meant: quantized ones as (q - zero point) × scale.
  func constant(_ budget: ValueBudget) throws(GoogLeNetError) -> GraphConstant? {
    guard let data else { return nil }
    let stored = try format.constant(data, dims: dims, count: count, budget)
    guard isQuantized, let integers = stored.integers else { return stored }
    // Elements that follow one another with the same scale, and after how many of those the scales repeat.
    let inner = scales.count > 1 ? dims.dropFirst(quantizedDimension + 1).reduce(1, *) : integers.count
    func float(_ place: Int) -> Float {
      let channel = scales.count > 1 ? place / inner % scales.count : 0
      return Float(integers[place] - zeroPoints[channel]) * scales[channel]
    }
    return try GraphConstant(dims: dims, count: count, of: Float.self, budget) { .floats(integers.indices.map(float)) }
  }

  /// How an activation is stored in bytes: the scale, and which of 0 to 255 stands for 0; nil where it is not.
  var byteStorage: (scale: Float, zero: Int)? {
    guard scales.count == 1, scales[0].isNormal, [.int8, .uint8].contains(format) else { return nil }
    let zero = zeroPoints[0] + (format == .int8 ? 128 : 0)
    return 0...255 ~= zero ? (scales[0], zero) : nil
  }

  /// The scale of an activation that is stored as unsigned bytes of that scale, exactly as an int8 model does; nil where
  /// it is not.
  var unsignedScale: Float? {
    guard let storage = byteStorage, storage.zero == 0 else { return nil }
    return storage.scale
  }

  /// Whether these are weights in bytes, signed or not, whose zero points are bytes too, with one scale for all or one a
  /// first dimension. A scale that is no normal number would cost integers their precision.
  var hasIntegerWeights: Bool {
    guard data != nil, isQuantized, scales.count == 1 || quantizedDimension == 0, scales.allSatisfy(\.isNormal),
      !dims.isEmpty
    else { return false }
    switch format {
    case .int8: return zeroPoints.allSatisfy { -128...127 ~= $0 }
    case .uint8: return zeroPoints.allSatisfy { 0...255 ~= $0 }
    default: return false
    }
  }

  /// Weights, which must be integers, less their zero points, with their axes in another order that leaves the first where it is.
  func integerWeights(order: [Int], _ budget: ValueBudget) throws(GoogLeNetError) -> Tensor? {
    guard hasIntegerWeights, let data, let channels = dims.first else { return nil }
    let inner = max(data.count / max(channels, 1), 1)
    let perChannel = scales.count == 1 ? [Float](repeating: scales[0], count: channels) : scales
    return try budget.lend(2 * ValueBudget.bytes(data.count, of: Int16.self)) { () throws(GoogLeNetError) in
      let values = data.enumerated().map { place, byte in
        let zero = zeroPoints[scales.count == 1 ? 0 : place / inner]
        return (format == .int8 ? Int16(Int8(bitPattern: byte)) : Int16(byte)) - Int16(zero)
      }
      return try Tensor.integers(
        values.transposed(dims, order), scales: perChannel, dims: order.map { dims[$0] }, budget)
    }
  }
}
