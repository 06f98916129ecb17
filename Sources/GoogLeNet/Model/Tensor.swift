/// An array of numbers of a model: dimensions and raw little-endian values in memory that `owner` keeps alive.
///
/// A class, so that copies of layers cost little.
public final class Tensor {
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
  public convenience init(_ values: [Float], dims: [Int]) throws(GoogLeNetError) {
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
    copyFloats(rows: 0..<(dims.first ?? 1), into: output)
  }

  /// Writes the values of some indices along the first dimension as float32.
  @_optimize(speed)
  func copyFloats(rows: Range<Int>, into output: UnsafeMutablePointer<Float>) {
    let inner = count / max(dims.first ?? 1, 1)
    let first = rows.lowerBound * inner
    let total = rows.count * inner
    guard total > 0, let start = bytes.baseAddress else { return }
    switch elementType {
    case .float32:
      UnsafeMutableRawPointer(output).copyMemory(from: start + first * 4, byteCount: total * 4)
    case .float16:
      for index in 0..<total {
        output[index] = Tensor.float(half: start.loadUnaligned(fromByteOffset: (first + index) * 2, as: UInt16.self))
      }
    case .int8: copyScaled(Int8.self, rows, inner, into: output)
    case .int16: copyScaled(Int16.self, rows, inner, into: output)
    }
  }

  @_optimize(speed)
  private func copyScaled<Integer: FixedWidthInteger & BitwiseCopyable>(
    _: Integer.Type, _ rows: Range<Int>, _ inner: Int, into output: UnsafeMutablePointer<Float>
  ) {
    var next = output
    for row in rows {
      for index in row * inner..<(row + 1) * inner {
        let value = bytes.loadUnaligned(fromByteOffset: index * elementType.size, as: Integer.self)
        next.pointee = Float(value) * scales[row]
        next += 1
      }
    }
    guard !inputScales.isEmpty else { return }
    let window = inner / inputScales.count
    for row in 0..<rows.count * inputScales.count {
      for index in row * window..<(row + 1) * window { output[index] *= inputScales[row % inputScales.count] }
    }
  }

  /// IEEE 754 binary16 to binary32.
  @_optimize(speed)
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
  /// The largest magnitude of the stored values in a range of indices, before they are scaled: NaN or infinite where a value is.
  @_optimize(speed)
  func largestMagnitude(_ range: Range<Int>) -> Float {
    guard let start = bytes.baseAddress else { return 0 }
    // Maxima of signed integers, which every CPU's vector instructions have.
    switch elementType {
    case .float32:
      var largest: Int32 = 0
      for index in range {
        let bits = start.loadUnaligned(fromByteOffset: index &* 4, as: Int32.self) & 0x7FFF_FFFF
        largest = bits > largest ? bits : largest
      }
      return Float(bitPattern: UInt32(largest))
    case .float16:
      var largest: Int16 = 0
      for index in range {
        let bits = start.loadUnaligned(fromByteOffset: index &* 2, as: Int16.self) & 0x7FFF
        largest = bits > largest ? bits : largest
      }
      return Tensor.float(half: UInt16(largest))
    case .int8:
      var least: Int8 = 0
      var most: Int8 = 0
      for index in range {
        let value = start.loadUnaligned(fromByteOffset: index, as: Int8.self)
        least = value < least ? value : least
        most = value > most ? value : most
      }
      return max(Float(most), -Float(least))
    case .int16:
      var least: Int16 = 0
      var most: Int16 = 0
      for index in range {
        let value = start.loadUnaligned(fromByteOffset: index &* 2, as: Int16.self)
        least = value < least ? value : least
        most = value > most ? value : most
      }
      return max(Float(most), -Float(least))
    }
  }
}
