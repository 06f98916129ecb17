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

  /// The start value of a convolution of bytes, whose unit is 1.
  private func start(_ weights: Tensor, bias: Float) throws -> Int {
    let convolution = GraphNode.Convolution(
      weights: weights, bias: try Tensor([bias], dims: [1]), inputChannels: weights.dims[1], outputChannels: 1,
      kernelHeight: 1, kernelWidth: 1)
    #expect(convolution.isInteger)
    let integers = IntegerConvolution(
      convolution, input: .u8(scale: 1), output: .float32, preprocessing: nil)
    var record = gln_s8_convolution_algorithm()
    record.pack = { _, _, bias, _, packed in packed?.storeBytes(of: bias?.pointee ?? 0, as: Int32.self) }
    var start: Int32 = 0
    let workspace = try #require(HeapBlock(byteCount: convolution.integerWorkspaceBytes))
    integers.pack(
      gln_s8_convolution(), record, into: &start, try #require(workspace.mutableBytes.baseAddress))
    return Int(start)
  }

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

  @Test func foldedValuesThatAreNotFiniteAreNoIntegers() throws {
    var convolution = GraphNode.Convolution(
      weights: try tensor([Int8](repeating: 1, count: 3), .int8), bias: nil, inputChannels: 3, outputChannels: 1,
      kernelHeight: 1, kernelWidth: 1)
    convolution.affine = ([2], [3])
    #expect(convolution.isInteger)
    for (scale, shift): (Float, Float) in [(.infinity, 0), (1, .nan), (1, -.infinity)] {
      convolution.affine = ([scale], [shift])
      #expect(!convolution.isInteger)
    }
  }
}
