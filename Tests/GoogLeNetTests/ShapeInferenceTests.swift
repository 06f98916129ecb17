import Testing

@testable import GoogLeNet

@Suite struct ShapeInferenceTests {
  private func side(_ size: Int, kernel: Int, stride: Int, padding: Int = 0, _ rounding: Pooling.Rounding) throws -> Int
  {
    var global = Pooling(.max)
    global.global = true
    let network = Networks.network(
      [
        Networks.pooling(
          "pool", "data", .max, kernel: kernel, stride: stride, padding: padding, rounding: rounding),
        Layer(name: "global", inputs: ["pool"], operation: .pooling(global)),
        Layer(name: "prob", inputs: ["global"], operation: .softmax),
      ], size: size)
    return try Model(network: network).shapes[0].height
  }

  /// GoogLeNet's own pools: 112 → 56 → 28 → 14 → 7, all 3 × 3, stride 2, rounded up (the paper's table 1).
  @Test(arguments: [(112, 56), (56, 28), (28, 14), (14, 7)])
  func poolsOfThePaper(input: Int, output: Int) throws {
    #expect(try side(input, kernel: 3, stride: 2, .ceil) == output)
  }

  @Test func roundingDown() throws {
    #expect(try side(112, kernel: 3, stride: 2, .floor) == 55)
    #expect(try side(7, kernel: 7, stride: 1, .floor) == 1)
  }

  /// Caffe and PyTorch drop a last window that would begin beyond the input and its leading padding.
  @Test func windowsBeyondTheInputAreDropped() throws {
    #expect(try side(4, kernel: 2, stride: 3, padding: 1, .ceil) == 2)
    #expect(try side(5, kernel: 1, stride: 3, .ceil) == 2)
    #expect(try side(6, kernel: 2, stride: 4, padding: 1, .ceil) == 2)
  }

  /// Whatever the input's size is, with either rounding and with dilation: the size divided by the stride, rounded up.
  @Test(arguments: [false, true]) func sameIsTheSizeDividedByTheStride(extraFirst: Bool) throws {
    let inference = ShapeInference(source: "test")
    for (kernel, stride) in [(1, 1), (3, 1), (2, 1), (3, 2), (2, 2), (7, 2), (1, 2), (2, 3), (3, 5), (5, 3)] {
      for size in 1...23 {
        let input = Shape(channels: 3, height: size, width: 2 * size)
        let wanted = [(size + stride - 1) / stride, (2 * size + stride - 1) / stride]
        for rounding in [Pooling.Rounding.floor, .ceil] {
          var layer = Networks.pooling("pool", "data", .average, kernel: kernel, stride: stride, rounding: rounding)
          guard case .pooling(var it) = layer.operation else { return }
          it.border = .same(extraFirst: extraFirst)
          layer.operation = .pooling(it)
          let shape = try inference.shape(of: layer, [input])
          #expect([shape.height, shape.width] == wanted, "pooling \(kernel), stride \(stride), of \(size)")
        }
        var layer = try Networks.convolution("conv", "data", 3, 2, kernel: kernel)
        guard case .convolution(var it) = layer.operation else { return }
        it.border = .same(extraFirst: extraFirst)
        (it.strideHeight, it.strideWidth, it.dilationHeight, it.dilationWidth) = (stride, stride, 3, 2)
        layer.operation = .convolution(it)
        let shape = try inference.shape(of: layer, [input])
        #expect([shape.height, shape.width] == wanted, "convolution \(kernel), stride \(stride), of \(size)")
      }
    }
  }

  /// TensorFlow: of an odd number of pixels the one more is at the bottom and right; SAME_LOWER has it at the top and left.
  @Test func sameSplitsThePadding() throws {
    var it = Pooling(.max)
    (it.kernelHeight, it.kernelWidth, it.strideHeight, it.strideWidth) = (3, 4, 2, 1)
    it.border = .same(extraFirst: false)
    let even = Shape(channels: 1, height: 224, width: 10)
    let odd = Shape(channels: 1, height: 225, width: 1)
    #expect(it.padding(around: even) == Padding(top: 0, left: 1, bottom: 1, right: 2))
    #expect(it.padding(around: odd) == Padding(top: 1, left: 1, bottom: 1, right: 2))
    it.border = .same(extraFirst: true)
    #expect(it.padding(around: even) == Padding(top: 1, left: 2, bottom: 0, right: 1))
    #expect(it.padding(around: odd) == Padding(top: 1, left: 2, bottom: 1, right: 1))
  }

  @Test func anotherInputSize() throws {
    let model = try Model(network: try Networks.inception())
    #expect(try model.shapes(height: 33, width: 20).last?.channels == 21)
    #expect(throws: GoogLeNetError.self) { try model.shapes(height: 1, width: 1) }
  }

  /// Padding is memory, which a small file must not ask for.
  @Test func paddingThatNoKernelReachesIsBounded() throws {
    func model(kernel: Int, padding: Int) throws(any Error) -> Model {
      try Model(
        network: Networks.network(
          [
            try Networks.convolution("conv", "data", 3, 2, kernel: kernel, padding: padding),
            Networks.pooling("pool", "conv", .average, kernel: 3, stride: 1),
            Layer(name: "prob", inputs: ["pool"], operation: .softmax),
          ], size: 3))
    }
    for kernel in [1, 3, 7] {
      let error = #expect(throws: GoogLeNetError.self) { try model(kernel: kernel, padding: kernel + 64) }
      #expect(error?.message.contains("its padding is over 64 pixels larger") ?? false)
      // One less is refused for what it makes: more than one pixel.
      let other = #expect(throws: GoogLeNetError.self) { try model(kernel: kernel, padding: kernel + 63) }
      #expect(other?.message.contains("1 x 1 pixel") ?? false)
    }
  }

  /// Not the model is wrong, but the size.
  @Test func aSizeThatTheLayersCannotTakeIsUnsupported() throws {
    // One window at 8 x 8, four at 16 x 16.
    let pooling = Networks.pooling("pool", "data", .average, kernel: 8, stride: 8)
    let model = try Model(
      network: Networks.network([pooling, Layer(name: "prob", inputs: ["pool"], operation: .softmax)], size: 8))
    let error = #expect(throws: GoogLeNetError.self) { try model.shapes(height: 16, width: 16) }
    #expect(error?.status == .unsupported)
    #expect(error?.message.contains("layer 'prob'") ?? false)
    #expect(error?.message.hasSuffix("; the input is 16 x 16") ?? false)
  }
}
