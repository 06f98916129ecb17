@testable import Conversion
@testable import GoogLeNet

/// Random tensors of every element type.
struct TensorGenerator {
  var random: RandomNumbers

  /// Values within ± `magnitude`; those of integers have scales of their own for each index of the first dimension.
  mutating func tensor(
    _ dims: [Int], _ type: ElementType, magnitude: Float, inputScales: [Float] = []
  ) -> Tensor {
    let count = dims.reduce(1, *)
    switch type {
    case .float32:
      return bytes(random.floats(count).map { $0 * magnitude }, dims, type)
    case .float16:
      return bytes(random.floats(count).map { WeightEncoder.binary16($0 * magnitude) }, dims, type)
    case .int8:
      let values = (0..<count).map { _ in Int8(truncatingIfNeeded: random.next() >> 32) }
      return bytes(values, dims, type, scales: scales(dims[0], magnitude / 128), inputScales: inputScales)
    case .int16:
      let values = (0..<count).map { _ in Int16(random.next() >> 32 % 511) - 255 }
      return bytes(values, dims, type, scales: scales(dims[0], magnitude / 255), inputScales: inputScales)
    }
  }

  /// Float32 values of a range.
  mutating func vector(_ count: Int, _ range: ClosedRange<Float>) -> Tensor {
    let middle = (range.lowerBound + range.upperBound) / 2
    let reach = (range.upperBound - range.lowerBound) / 2
    return bytes(random.floats(count).map { middle + reach * $0 }, [count], .float32)
  }

  /// Mostly alike; now and then one is 0 or negative.
  private mutating func scales(_ count: Int, _ largest: Float) -> [Float] {
    let rare = random.next() % 16
    let special = Int(random.next() % UInt64(count))
    return random.floats(count).enumerated().map { index, value in
      let scale = largest * (0.75 + value / 4)
      guard index == special else { return scale }
      return rare == 0 ? 0 : rare == 1 ? -scale : scale
    }
  }

  private func bytes<Value>(
    _ values: [Value], _ dims: [Int], _ type: ElementType, scales: [Float] = [], inputScales: [Float] = []
  ) -> Tensor {
    values.withUnsafeBytes { source in
      guard let block = HeapBlock(byteCount: source.count) else { fatalError("no memory for a test's tensor") }
      block.mutableBytes.copyMemory(from: source)
      return Tensor(
        dims: dims, elementType: type, scales: scales, inputScales: inputScales, bytes: block.bytes, owner: block)
    }
  }
}
