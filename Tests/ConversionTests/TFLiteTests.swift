import Conversion
import GoogLeNet
import Testing

/// What becomes of TFLite models. That they give what TFLite gives, Tests/python/test_frameworks.py says.
@Suite struct TFLiteTests {
  private func kinds(_ layers: some Sequence<Layer>) -> [String] { layers.map { "\($0.operation.kind)" } }

  /// TFLite rounds and clamps them to bytes before its softmax, and one of the bytes stands for 0.
  @Test(arguments: ["tflite-int8", "tflite-int8-float", "tflite-uint8", "tflite-uint8-asymmetric"])
  func logitsOfQuantizedModelsAreStoredInBytes(name: String) throws {
    let layers = [Layer](try convert(try GoldenFiles.bytes("\(name).tflite")).network.layers.suffix(3))
    #expect(kinds(layers) == ["ReLU", "BatchNormalization", "Softmax"])
    let scale = try #require(layers[0].outputScale)
    guard case .batchNormalization(let it) = layers[1].operation, let shift = it.shift?.floats() else { return }
    let zero = -shift[0] / scale
    #expect(zero == zero.rounded() && 1...255 ~= zero)
    #expect(Set(shift).count == 1)
  }

  /// The file's bytes less their zero point, 120, do not all fit into signed bytes.
  @Test func weightsWithAZeroPointAre16BitIntegers() throws {
    let network = try convert(try GoldenFiles.bytes("tflite-uint8-asymmetric.tflite")).network
    var largest: Int16 = 0
    for tensor in network.layers.flatMap({ $0.operation.tensors.map(\.1) }) where tensor.elementType == .int16 {
      for place in 0..<tensor.count {
        largest = max(largest, tensor.bytes.loadUnaligned(fromByteOffset: 2 * place, as: Int16.self))
      }
    }
    #expect(largest == 135)
    let model = try Model(network: network)
    #expect(model.precision == .int8)
    let error = #expect(throws: GoogLeNetError.self) { _ = try Quantizer.quantize(model: model, pictures: []) }
    #expect(error?.message.contains("quantized already") == true)
  }

  /// What they give cannot be rounded as TFLite does it.
  @Test func quantizedSumsAndFunctionsAreComputedInFloat32() throws {
    let result = try convert(try GoldenFiles.bytes("tflite-residual-int8.tflite"))
    #expect(result.network.layers.allSatisfy { $0.outputScale == nil })
    let types = result.network.layers.flatMap { $0.operation.tensors.map(\.1.elementType) }
    #expect(types.allSatisfy { $0 == .float32 })
    let note = try #require(result.notes.first { $0.contains("its weights became float32") })
    #expect(note.contains("what ADD, ADD_N, LEAKY_RELU, LOGISTIC, PRELU read and give"))
    let functions = kinds(result.network.layers).filter { ["ClippedReLU", "PReLU", "Sigmoid", "Sum"].contains($0) }
    #expect(functions == ["ClippedReLU", "PReLU", "Sum", "PReLU", "Sigmoid", "Sum", "PReLU", "ClippedReLU"])
  }

  /// Layers only for what is rounded.
  @Test func logitsOfFloatModelsStayAsTheyAre() throws {
    let layers = try convert(try GoldenFiles.bytes("tflite-float.tflite")).network.layers
    #expect(layers.allSatisfy { $0.outputScale == nil })
    #expect(kinds(layers.suffix(2)) == ["Convolution", "Softmax"])
  }
}
