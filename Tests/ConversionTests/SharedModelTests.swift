import Conversion
import GoogLeNet
import Testing

/// Conversions of the published models, where they are at hand.
@Suite struct SharedModelTests {
  @Test(.enabled(if: SharedFiles.exist(SharedFiles.bvlcCaffe, SharedFiles.bvlcONNX), "no shared models"))
  func caffeAndONNXGiveTheSameNetwork() throws {
    let caffe = try Converter.convert(path: SharedFiles.path(SharedFiles.bvlcCaffe), options: ConversionOptions())
    let onnx = try Converter.convert(path: SharedFiles.path(SharedFiles.bvlcONNX), options: ConversionOptions())
    #expect(caffe.source == .caffe(legacy: false))
    #expect(onnx.source == .onnx(opset: 13))
    #expect(caffe.variant == "BVLC GoogLeNet")
    #expect(onnx.variant == "BVLC GoogLeNet")
    #expect(caffe.network.preprocessing == onnx.network.preprocessing)
    #expect(caffe.network.preprocessing.channelOrder == .bgr)
    #expect(caffe.network.preprocessing.mean == [104, 117, 123])
    #expect(caffe.network.preprocessing.shortSide == 256)
    // 57 convolutions, each with its ReLU, 14 poolings, 9 concatenations, 2 LRN, the classifier and the softmax.
    #expect(caffe.network.layers.count == 141)
    #expect(caffe.network.layers.map(\.name) == onnx.network.layers.map(\.name))
    #expect(caffe.network.layers.first?.name == "conv1/7x7_s2")
    #expect(caffe.network.layers.last?.name == "prob")
    for (left, right) in zip(caffe.network.layers, onnx.network.layers) {
      #expect(left.inputs == right.inputs, "\(left.name)")
      try expectEqual(left, right)
    }
  }

  @Test(.enabled(if: SharedFiles.exist(SharedFiles.bvlcCaffe, SharedFiles.bvlcPrototxt), "no shared models"))
  func prototxtGivesTheSameNetworkAsTheCaffemodelAlone() throws {
    let alone = try Converter.convert(path: SharedFiles.path(SharedFiles.bvlcCaffe), options: ConversionOptions())
    var options = ConversionOptions()
    options.prototxtPath = SharedFiles.path(SharedFiles.bvlcPrototxt)
    options.labels = try LabelsFile.read(path: SharedFiles.path(SharedFiles.bvlcLabels)).labels
    let described = try Converter.convert(path: SharedFiles.path(SharedFiles.bvlcCaffe), options: options)
    #expect(described.network.labels.count == 1000)
    #expect(described.network.labels.first == "tench, Tinca tinca")
    #expect(alone.network.layers.count == described.network.layers.count)
    for (left, right) in zip(alone.network.layers, described.network.layers) { try expectEqual(left, right) }
  }

  @Test(.enabled(if: SharedFiles.exist(SharedFiles.bvlcCaffe), "no shared models"))
  func writtenFileHoldsTheSameNetwork() throws {
    let converted = try Converter.convert(path: SharedFiles.path(SharedFiles.bvlcCaffe), options: ConversionOptions())
    try withTemporaryFolder { folder in
      let path = folder + "/bvlc.gln"
      try ModelWriter.write(converted.network, to: OutputFile(path))
      let model = try Model(path: path)
      #expect(model.network.name == converted.network.name)
      #expect(model.network.preprocessing == converted.network.preprocessing)
      #expect(model.network.layers.count == converted.network.layers.count)
      #expect(model.multiplyAddCount == 1_582_671_872)
      for (left, right) in zip(model.network.layers, converted.network.layers) { try expectEqual(left, right) }
    }
  }

  @Test(.enabled(if: SharedFiles.exist(SharedFiles.clothing), "no shared models"))
  func clothingCheckpointGivesTheNetworkWithTrueWideBranches() throws {
    let converted = try Converter.convert(path: SharedFiles.path(SharedFiles.clothing), options: ConversionOptions())
    let network = converted.network
    #expect(converted.source == .pyTorch)
    #expect(converted.variant == "GoogLeNet with BatchNorm (true 5x5 branches)")
    #expect(network.labels.first == "dress")
    #expect(network.labels.count == 10)
    #expect(network.layers.count == 139)
    #expect(network.preprocessing.channelOrder == .rgb)
    let mean: [Float] = [123.675, 116.28, 103.53]
    #expect(network.preprocessing.mean == mean)
    #expect(network.preprocessing.inputHeight == 224)
    let names = network.layers.map(\.name)
    for name in ["conv1", "conv1.relu", "maxpool1", "inception3a.branch1", "inception5b", "avgpool", "fc", "softmax"] {
      #expect(names.contains(name))
    }
    #expect(converted.notes.contains { $0.contains("'aux1'") })
    #expect(converted.notes.contains { $0.contains("'aux2'") })
  }
}
