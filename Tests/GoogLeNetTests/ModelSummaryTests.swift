import Testing

@testable import GoogLeNet

@Suite struct ModelSummaryTests {
  /// By hand, of a network of which each layer counts in its own way.
  @Test func workIsCounted() throws {
    var average = Pooling(.average)
    average.global = true
    var shift = BatchNormalization()
    shift.shift = try Networks.tensor(8)
    let network = Networks.network(
      [
        try Networks.convolution("conv", "data", 3, 4, kernel: 3),
        Networks.relu("relu", "conv"),
        Layer(
          name: "norm", inputs: ["relu"],
          operation: .localResponseNormalization(
            LocalResponseNormalization(size: 5, alpha: 1, beta: 0.75, k: 1, alphaPerElement: false))),
        Networks.pooling("pool", "norm", .max, kernel: 2, stride: 2),
        Layer(name: "concat", inputs: ["pool", "pool"], operation: .concat),
        Layer(name: "shift", inputs: ["concat"], operation: .batchNormalization(shift)),
        Layer(name: "global", inputs: ["shift"], operation: .pooling(average)),
        Layer(name: "dropout", inputs: ["global"], operation: .dropout),
        Layer(name: "sum", inputs: ["dropout", "global", "dropout"], operation: .sum),
        Layer(
          name: "fc", inputs: ["sum"], operation: .innerProduct(InnerProduct(weights: try Networks.tensor(2, 8)))),
        Layer(name: "prob", inputs: ["fc"], operation: .softmax),
      ], size: 6)
    let model = try Model(network: network)
    let work: [UInt64] = [4 * 27 * 16, 64, 64 * 5, 16 * 4, 32, 32, 8 * 4, 8, 3 * 8, 16, 2]
    #expect(model.network.layers.indices.map { model.layerSummary($0).workCount } == work)
    #expect(model.workCount == work.reduce(0, +))
    #expect(model.multiplyAddCount == 4 * 27 * 16 + 16)
    #expect(model.parameterCount == 4 * 27 + 4 + 8 + 16)
  }

  /// Small files can ask for more than 64 bits count.
  @Test func sumsSaturate() throws {
    var layers: [Layer] = []
    var last = "data"
    for index in 0..<16 {
      layers.append(Layer(name: "join\(index)", inputs: [last, last], operation: .concat))
      last = "join\(index)"
      if index == 13 { break }
    }
    for index in 0..<16 {
      layers.append(Networks.pooling("pool\(index)", last, .max, kernel: 1023, stride: 1, padding: 511))
      last = "pool\(index)"
    }
    var global = Pooling(.max)
    global.global = true
    layers.append(Layer(name: "global", inputs: [last], operation: .pooling(global)))
    layers.append(Layer(name: "prob", inputs: ["global"], operation: .softmax))
    let model = try Model(network: Networks.network(layers, size: 8192))
    #expect(model.layerSummary(14).workCount == 3 * (1 << 14) * (1 << 26) * 1023 * 1023)
    #expect(model.workCount == .max)
    #expect(model.multiplyAddCount == 0)
  }
}
