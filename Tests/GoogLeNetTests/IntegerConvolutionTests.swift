import CKernels
import Testing

@testable import GoogLeNet

/// What integer convolutions begin their sums with.
@Suite struct IntegerConvolutionTests {
  private func tensor<Weight: BitwiseCopyable>(_ weights: [Weight], _ type: ElementType) throws -> Tensor {
    let block = try #require(HeapBlock(byteCount: weights.count * type.size))
    weights.withUnsafeBytes { block.mutableBytes.copyMemory(from: $0) }
    return Tensor(
      dims: [1, weights.count, 1, 1], elementType: type, scales: [1], bytes: block.bytes, owner: block)
  }

  /// What an accumulator begins with, is added up of, and multiplied by.
  private struct Packed {
    var start: Int32 = 0
    var multiplier: Float = 0
    var weights: [Int] = []
    let isWide: Bool

    func output(_ inputs: [Int]) -> Double {
      Double(zip(weights, inputs).reduce(Int(start)) { $0 + $1.0 * $1.1 }) * Double(multiplier)
    }
  }

  /// A convolution of bytes, whose unit is 1, or of pixels.
  private func packed(_ weights: Tensor, bias: Float, preprocessing: Preprocessing? = nil) throws -> Packed {
    let convolution = GraphNode.Convolution(
      weights: weights, bias: try Tensor([bias], dims: [1]), inputChannels: weights.dims[1], outputChannels: 1,
      kernelHeight: 1, kernelWidth: 1)
    #expect(convolution.isInteger)
    let integers = IntegerConvolution(
      convolution, input: .u8(scale: 1), output: .float32, preprocessing: preprocessing)
    var record = gln_integer_convolution_algorithm()
    record.pack = { shape, weights, sums, multipliers, packed in
      guard let shape, let weights, let sums, let multipliers, let packed else { return }
      let it = packed.assumingMemoryBound(to: Packed.self)
      it.pointee.start = sums.pointee
      it.pointee.multiplier = multipliers.pointee
      for index in 0..<Int(shape.pointee.input_channels) {
        it.pointee.weights.append(
          it.pointee.isWide
            ? Int(weights.assumingMemoryBound(to: Int16.self)[index])
            : Int(weights.assumingMemoryBound(to: Int8.self)[index]))
      }
    }
    var packed = Packed(isWide: weights.elementType == .int16)
    var shape = gln_integer_convolution()
    shape.input_channels = Int32(weights.dims[1])
    let workspace = try #require(HeapBlock(byteCount: convolution.integerWorkspaceBytes))
    let base = try #require(workspace.mutableBytes.baseAddress)
    withUnsafeMutablePointer(to: &packed) { integers.pack(shape, record, into: UnsafeMutableRawPointer($0), base) }
    return packed
  }

  private func start(_ weights: Tensor, bias: Float) throws -> Int { Int(try packed(weights, bias: bias).start) }

  /// The deepest convolutions, and the largest biases: no sum leaves 32 bits.
  @Test(arguments: [Float(1e30), 3e9, 2e9, 1e9, -1e9, -2e9, -3e9, -1e30])
  func sumsStayWithin32Bits(bias: Float) throws {
    for weight: Int8 in [-128, 127] {
      let reach = 50_000 * 255 * Int(weight)
      let start = try start(tensor([Int8](repeating: weight, count: 50_000), .int8), bias: bias)
      #expect(Int(Int32.min)...Int(Int32.max) ~= start + reach && Int(Int32.min)...Int(Int32.max) ~= start)
      #expect((start < 0) == (bias < 0))
    }
    for weight: Int16 in [-255, 255] {
      let reach = 16_512 * 255 * Int(weight)
      let start = try start(tensor([Int16](repeating: weight, count: 16_512), .int16), bias: bias)
      #expect(Int(Int32.min)...Int(Int32.max) ~= start + reach)
    }
  }

  /// Where sums cannot come near the end of 32 bits nothing but 2^30 bounds the bias.
  @Test func ordinaryBiasesAreKept() throws {
    let ordinary = try tensor([Int8](repeating: -128, count: 1000), .int8)
    #expect(try start(ordinary, bias: 123_456_768) == 123_456_768)
    #expect(try start(ordinary, bias: 3e9) == 1 << 30)
    #expect(try start(ordinary, bias: -3e9) == -1 << 30)
    // The bound is what the weights can reach, not what they might.
    #expect(try start(tensor([Int8](repeating: 1, count: 50_000), .int8), bias: 3e9) == 1 << 30)
  }

  /// In a larger unit the bias keeps its value, and the inputs theirs beside it.
  @Test(arguments: [Float(2e9), -2e9, 3e10, -1e12, 1e30])
  func biasesBeyondTheAccumulatorKeepTheirValue(bias: Float) throws {
    let weights = (0..<1000).map { Int8(truncatingIfNeeded: $0 &* 37) }
    for (weights, values) in [
      (try tensor(weights, .int8), weights.map(Int.init)),
      (try tensor(weights.map { Int16($0) * 2 }, .int16), weights.map { Int($0) * 2 }),
    ] {
      let packed = try packed(weights, bias: bias)
      for inputs in [[Int](repeating: 0, count: 1000), (0..<1000).map { values[$0] > 0 ? 255 : 0 }] {
        let wanted = zip(values, inputs).reduce(Double(bias)) { $0 + Double($1.0 * $1.1) }
        #expect(abs(packed.output(inputs) - wanted) < 2e-4 * abs(wanted))
      }
    }
  }

  @Test func whatIsNotFiniteIsNotFolded() throws {
    let convolution = GraphNode.Convolution(
      weights: try tensor([Int8](repeating: 1, count: 3), .int8), bias: nil, inputChannels: 3, outputChannels: 1,
      kernelHeight: 1, kernelWidth: 1)
    var node = GraphNode.Kind.convolution(convolution)
    var folded: [Bool] = []
    for (scale, shift): (Float, Float) in [
      (0x1p100, 3), (.infinity, 0), (1, .nan), (1, -.infinity), (0x1p100, 0), (0.5, 1),
    ] {
      folded.append(node.append(([scale], [shift])))
    }
    #expect(folded == [true, false, false, false, false, true])
    guard case .convolution(let it) = node else { throw GoogLeNetError(.unsupported, "no convolution") }
    #expect(it.affine?.scale == [0x1p99] && it.affine?.shift == [2.5])
  }
}
