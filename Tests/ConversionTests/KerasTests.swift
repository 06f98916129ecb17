import Foundation
import GoogLeNet
import Testing

@testable import Conversion

/// Keras models; Tests/python/test_frameworks.py checks the numbers.
@Suite struct KerasTests {
  static let archive = "keras3-paper.keras"
  static let hdf5 = "keras2-deeper.h5"

  /// A `.keras` file's configuration and weights.
  private func parts() throws -> (configuration: String, weights: [UInt8]) {
    try GoldenFiles.bytes(KerasTests.archive).withUnsafeBytes { bytes in
      let archive = try ZipArchive(InputFile(name: "golden", folder: nil, bytes: bytes))
      func entry(_ name: String) throws -> [UInt8] {
        let block = try archive.read(name, limit: 1 << 20)
        return withExtendedLifetime(block) { [UInt8](block.bytes) }
      }
      return (String(decoding: try entry("config.json"), as: UTF8.self), try entry("model.weights.h5"))
    }
  }

  private func archive(_ configuration: String, _ weights: [UInt8]) -> [UInt8] {
    TorchFile.zip([("config.json", [UInt8](configuration.utf8)), ("model.weights.h5", weights)], deflated: false)
  }

  /// The archive with a part of its configuration replaced.
  private func changed(_ part: String, _ replacement: String, in layer: String? = nil) throws -> [UInt8] {
    let (configuration, weights) = try parts()
    let start = layer.flatMap { configuration.range(of: "\"name\": \"\($0)\"")?.lowerBound } ?? configuration.startIndex
    let range = try #require(configuration.range(of: part, range: start..<configuration.endIndex), "\(part)")
    return archive(configuration.replacingCharacters(in: range, with: replacement), weights)
  }

  private func convolution(_ name: String, _ result: ConversionResult) throws -> Convolution {
    let layer = try #require(result.network.layers.first { $0.name == name })
    guard case .convolution(let convolution) = layer.operation else { throw CancellationError() }
    return convolution
  }

  @Test func samePaddingIsThatOfTensorFlow() throws {
    let result = try convert(GoldenFiles.bytes(KerasTests.hdf5))
    #expect(result.source == .kerasHDF5)
    #expect(result.network.name == "googlenet")
    // The batch normalization is folded in, and the layer has its name.
    let first = try convolution("block1_bn", result)
    #expect(first.border == .same(extraFirst: false))
    #expect(first.weights.dims == [7, 3, 7, 7])
    guard case .pooling(let pool)? = result.network.layers.first(where: { $0.name == "pool1" })?.operation else {
      Issue.record("no pooling")
      return
    }
    #expect(pool.border == .same(extraFirst: false))
    #expect(result.network.layers.contains { $0.name == "pool1_bn" && "\($0.operation.kind)" == "BatchNormalization" })
    #expect(result.preprocessingReason.contains("a guess, for Keras files do not tell it"))
  }

  @Test func normalizationOfTheInputBecomesPreprocessing() throws {
    let result = try convert(GoldenFiles.bytes("keras3-sequential.h5"))
    let preprocessing = result.network.preprocessing
    for (index, (mean, variance)) in [(120, 3000), (110, 2900), (100, 3100)].enumerated() {
      #expect(abs(preprocessing.mean[index] - Float(mean)) < 1e-3)
      #expect(abs(preprocessing.scale[index] - 1 / Float(variance).squareRoot()) < 1e-6)
    }
    guard case .convolution? = result.network.layers.first?.operation else {
      Issue.record("the first layer is no convolution")
      return
    }
    var options = ConversionOptions()
    options.mean = [10]
    options.scale = [2]
    let asked = try convert(GoldenFiles.bytes("keras3-sequential.h5"), options: options).network.preprocessing
    // (2 (p - 10) - 120) / deviation
    #expect(abs(asked.mean[0] - 70) < 1e-3)
    #expect(abs(asked.scale[0] - 2 * preprocessing.scale[0]) < 1e-6)
  }

  @Test func zeroPaddingJoinsTheNextWindow() throws {
    let result = try convert(GoldenFiles.bytes(KerasTests.archive))
    #expect(result.source == .keras)
    #expect(try convolution("conv1", result).border == .explicit(Padding(top: 2, left: 3, bottom: 3, right: 2)))
    #expect(result.notes.contains { $0.contains("left out the outputs other than 'output': 'extra'") })
    expectError(try changed("\"class_name\": \"Conv2D\"", "\"class_name\": \"Flatten\""), .unsupported, "ZeroPadding2D")
  }

  @Test func functionsOfEachValue() throws {
    for (name, wanted) in [
      ("relu6", "clippedReLU(GoogLeNet.ClippedReLU(maximum: 6.0))"), ("sigmoid", "sigmoid"), ("relu", "relu"),
    ] {
      let result = try convert(try changed("\"activation\": \"relu\"", "\"activation\": \"\(name)\"", in: "conv2"))
      let layer = try #require(result.network.layers.first { $0.name == "conv2.\(name)" })
      #expect("\(layer.operation)" == wanted)
    }
    let leaky = try convert(try changed("\"activation\": \"relu\"", "\"activation\": \"leaky_relu\"", in: "conv2"))
    guard case .prelu(let it) = leaky.network.layers.first(where: { $0.name == "conv2.leaky_relu" })?.operation else {
      return #expect(Bool(false))
    }
    #expect(it.slopes.floats() == [0.2])
  }

  @Test func whatIsNotSupportedIsNamed() throws {
    for (layer, part, replacement, told) in [
      ("conv2", "\"padding\": \"same\"", "\"padding\": \"causal\"", "'conv2' (Conv2D): its padding is 'causal'"),
      ("conv2", "channels_last", "channels_first", "'conv2' (Conv2D): its data_format is 'channels_first'"),
      ("conv2", "\"activation\": \"relu\"", "\"activation\": \"gelu\"", "the activation 'gelu'"),
      ("drop", "\"training\": false", "\"training\": true", "'drop' is called with training=True"),
      ("4a", "\"axis\": -1", "\"axis\": 1", "works along axis 1"),
      ("normalization", "\"invert\": false", "\"invert\": true", "inverse"),
      ("rescaling", "\"scale\": 0.00392156862745098", "\"scale\": \"x\"", "its scale is neither a number"),
    ] { expectError(try changed(part, replacement, in: layer), .unsupported, told) }
    expectError(
      try changed("\"class_name\": \"Dropout\"", "\"class_name\": \"Lambda\""), .unsupported, "Lambda ('drop')")
    // Of `x + 1` Keras 3 makes a layer Add with one input.
    expectError(
      try changed("\"class_name\": \"Dropout\"", "\"class_name\": \"Add\""), .unsupported,
      "'drop' (Add): it adds less than two layers' results")
    expectError(try changed("\"conv1\", 0, 0]", "\"conv1\", 0, 1]"), .unsupported, "another output of 'conv1'")
    expectError(
      try changed("\"filters\": 13", "\"layers\": [], \"filters\": 13", in: "conv2"), .unsupported,
      "'conv2' (Conv2D): it is a model within the model")
    expectError(
      try changed("\"inbound_nodes\": [", "\"inbound_nodes\": [{\"args\": [], \"kwargs\": {}}, ", in: "conv2"),
      .unsupported, "'conv2' (Conv2D): it is shared: the model calls it 2 times")
  }

  @Test func contradictionsAreNamed() throws {
    expectError(
      try changed("\"filters\": 13", "\"filters\": 14"), .invalidModel, "'conv2' (Conv2D): its kernel has the shape",
      "[3, 3, 7, 13]", "[3, 3, 7, 14]")
    expectError(try changed("\"conv1\", 0, 0]", "\"conv9\", 0, 0]"), .invalidModel, "it reads 'conv9'")
    expectError(try changed("\"filters\": 13", "\"filters\": -1"), .invalidModel, "filters")
    expectError(try changed("\"strides\": [1, 1]", "\"strides\": [1, 0]"), .invalidModel, "strides")
    expectError(try changed("{", "{{"), .invalidModel, "configuration is broken at byte 1")
    expectError(try changed("\"layers\": [", "\"others\": ["), .unsupported, "whose layers only its code tells")
    expectError(try changed("\"output_layers\"", "\"no_layers\""), .invalidModel, "no output_layers")
    let nothing = archive("{}", [])
    expectError(nothing, .invalidModel, "no class_name or config")
    expectError(archive(try parts().configuration, [1, 2, 3]), .invalidModel, "libhdf5 cannot open it")
  }

  @Test func otherHDF5FilesAreNamed() throws {
    expectError(try parts().weights, .unsupported, "weights only (save_weights)", "load_weights", "model.save")
    var damaged = try GoldenFiles.bytes(KerasTests.hdf5)
    let place = try #require(damaged.firstRange(of: Array("model_config".utf8))).lowerBound
    damaged[place] = UInt8(ascii: "x")
    expectError(damaged, .unsupported, "weights only")
  }

  @Test func damagedFilesGiveErrors() throws {
    let file = try GoldenFiles.bytes("keras2-sequential.h5")
    var generator = SplitMix64(state: 7)
    for round in 0..<200 {
      var damaged = file
      for _ in 0...Int.random(in: 0..<6, using: &generator) {
        damaged[Int.random(in: damaged.indices, using: &generator)] = .random(in: 0...255, using: &generator)
      }
      if round % 4 == 0 { damaged.removeLast(Int.random(in: damaged.indices, using: &generator)) }
      do {
        let network = try convert(damaged).network
        #expect(throws: Never.self) { try Model(network: network) }
      } catch {
        #expect((error as? GoogLeNetError)?.message.contains("'test file'") == true, "\(error)")
      }
    }
  }

  @Test func sizesThatAreMadeUpTakeNoMemory() throws {
    // The shape of the classifier's kernel, (inputs, 12), in its dataset's header.
    var file = try GoldenFiles.bytes("keras2-sequential.h5")
    let shape: [UInt8] = [14, 0, 0, 0, 0, 0, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0]
    let place = try #require(file.firstRange(of: shape)).lowerBound
    file[place + 5] = 1
    expectError(file, .limitExceeded, "bytes of memory, \((64 << 20) + 8 * file.count) are allowed")
  }
}
