/// An array of numbers of a model: dimensions and raw little-endian values in memory that `owner` keeps alive.
public struct Tensor {
  /// Outermost first.
  public let dims: [Int]
  public let elementType: ElementType
  /// Integers only: one a first-dimension index.
  public let scales: [Float]
  /// Integers only: one a second-dimension index, or none (all 1).
  public let inputScales: [Float]
  public let bytes: UnsafeRawBufferPointer
  public let owner: MemoryBlock

  public var count: Int { dims.reduce(1, *) }

  public init(
    dims: [Int], elementType: ElementType, scales: [Float] = [], inputScales: [Float] = [],
    bytes: UnsafeRawBufferPointer, owner: MemoryBlock
  ) {
    self.dims = dims
    self.elementType = elementType
    self.scales = scales
    self.inputScales = inputScales
    self.bytes = bytes
    self.owner = owner
  }

  /// A float32 tensor with its own copy of `values`. The product of `dims` must be `values.count`.
  public init(_ values: [Float], dims: [Int]) throws(GoogLeNetError) {
    guard let block = HeapBlock(byteCount: values.count * 4) else {
      throw GoogLeNetError(.outOfMemory, "no memory for a tensor of \(values.count) values")
    }
    values.withUnsafeBytes { block.mutableBytes.copyMemory(from: $0) }
    self.init(dims: dims, elementType: .float32, bytes: block.bytes, owner: block)
  }

  /// The values as float32, whatever they are stored as. The tensor must be valid (see `NetworkValidator`).
  public func floats() -> [Float] {
    let count = count
    return [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
      copyFloats(into: buffer.baseAddress)
      initialized = count
    }
  }

  /// Writes `count` values as float32.
  public func copyFloats(into output: UnsafeMutablePointer<Float>?) {
    guard let output, count > 0 else { return }
    switch elementType {
    case .float32:
      UnsafeMutableRawPointer(output).copyMemory(from: bytes.baseAddress!, byteCount: count * 4)
    case .float16:
      for index in 0..<count {
        output[index] = Tensor.float(half: bytes.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self))
      }
    case .int8: copyScaled(Int8.self, into: output)
    case .int16: copyScaled(Int16.self, into: output)
    }
  }

  private func copyScaled<Integer: FixedWidthInteger & BitwiseCopyable>(
    _: Integer.Type, into output: UnsafeMutablePointer<Float>
  ) {
    let inner = count / max(dims[0], 1)
    for outer in 0..<dims[0] {
      for index in outer * inner..<(outer + 1) * inner {
        let value = bytes.loadUnaligned(fromByteOffset: index * elementType.size, as: Integer.self)
        output[index] = Float(value) * scales[outer]
      }
    }
    guard !inputScales.isEmpty else { return }
    let window = inner / inputScales.count
    for row in 0..<dims[0] * inputScales.count {
      for index in row * window..<(row + 1) * window { output[index] *= inputScales[row % inputScales.count] }
    }
  }

  /// IEEE 754 binary16 to binary32.
  static func float(half: UInt16) -> Float {
    let sign = UInt32(half & 0x8000) << 16
    let exponent = UInt32(half >> 10) & 0x1F
    let fraction = UInt32(half) & 0x3FF
    switch exponent {
    case 0: return Float(bitPattern: sign) + (sign == 0 ? 1 : -1) * Float(fraction) * 0x1p-24
    case 0x1F: return Float(bitPattern: sign | 0x7F80_0000 | fraction << 13)
    default: return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
    }
  }
}

extension Tensor {
  /// Whether no stored 16-bit integer is beyond the numbers that they are for. `bytes` must hold `count` values.
  var isInRange: Bool {
    guard elementType == .int16, let start = bytes.baseAddress else { return true }
    var least: Int16 = 0
    var most: Int16 = 0
    for index in 0..<count {
      let value = start.loadUnaligned(fromByteOffset: index &* 2, as: Int16.self)
      least = min(least, value)
      most = max(most, value)
    }
    return ElementType.int16Range.contains(least) && ElementType.int16Range.contains(most)
  }

  /// Whether no stored value is NaN or infinite. `bytes` must hold `count` values.
  var isFinite: Bool {
    guard let start = bytes.baseAddress else { return true }
    switch elementType {
    case .int8, .int16: return true
    case .float16:
      for index in 0..<count
      where start.loadUnaligned(fromByteOffset: index &* 2, as: UInt16.self) & 0x7C00 == 0x7C00 {
        return false
      }
      return true
    case .float32: return Finiteness.isFinite(start, count: count)
    }
  }
}
