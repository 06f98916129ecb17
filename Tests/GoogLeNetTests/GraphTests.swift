import Testing

@testable import GoogLeNet

@Suite struct GraphTests {
  private func graph(_ network: Network, observing names: [String] = []) throws -> (graph: Graph, model: Model) {
    let model = try Model(network: network)
    let shapes = try model.shapes(height: 17, width: 17)
    let outputs = try names.map { try model.index(of: $0) } + [network.layers.count - 1]
    let graph = try Graph(
      model: model, input: model.inputShape(17, 17), shapes: shapes, encodings: model.encodings, outputLayers: outputs)
    return (graph, model)
  }

  private func nodeNames(_ graph: Graph, _ model: Model) -> [String] {
    graph.nodes.map { model.network.layers[$0.layer].name }
  }

  @Test func activationsAndNormalizationsAreFused() throws {
    let (graph, model) = try graph(try Networks.inception())
    let names = nodeNames(graph, model)
    #expect(!names.contains("conv1/relu") && !names.contains("branch2/relu"))
    #expect(!names.contains("grouped/bn") && !names.contains("grouped/relu"))
    #expect(!names.contains("dropout") && !names.contains("module"))
    // Read by two layers, so nothing is fused into it; the second `shifted` and the one in a slice are copies.
    #expect(names.filter { $0 == "shifted" }.count == 1)
    #expect(names.filter { $0 == "joined" }.count == 1)
  }

  @Test func lowerBoundsStandApartFromObservedLayers() throws {
    let (graph, model) = try graph(try Networks.inception(), observing: ["conv1", "grouped/bn"])
    let names = nodeNames(graph, model)
    #expect(names.contains("conv1/relu") && names.contains("grouped/relu"))
    #expect(!names.contains("grouped/bn"))
  }

  @Test func normalizationsAreFusedWhereTheirInputIsObserved() throws {
    let (graph, model) = try graph(try Networks.inception(), observing: ["grouped"])
    let nodes = graph.nodes.filter { model.network.layers[$0.layer].name == "grouped" }
    #expect(nodes.map { $0.fused.map { model.network.layers[$0].name } } == [["grouped/bn", "grouped/relu"], []])
    #expect(nodes[1].output == graph.outputs[0] && nodes[0].inputs == nodes[1].inputs)
  }

  @Test func concatenationsAreSlices() throws {
    let names = ["module", "branch1/relu", "branch2/relu", "branch3"]
    let (graph, _) = try graph(try Networks.inception(), observing: names)
    let roots = names.indices.map { graph.root(of: graph.outputs[$0]) }
    #expect(Set(roots.map(\.value)).count == 1)
    #expect(roots.map(\.channelOffset) == [0, 0, 11, 24])
  }

  /// The roots of what the last two nodes write.
  private func lastRoots(_ graph: Graph) -> [Int] { graph.nodes.suffix(2).map { graph.root(of: $0.output).value } }

  @Test func normalizationsReplaceWhatNobodyElseReads() throws {
    let model = try Model(network: try Networks.inception())
    func roots(_ layers: [String]) throws -> [Int] {
      let graph = try Graph(
        model: model, input: model.inputShape(17, 17), shapes: model.shapes, encodings: model.encodings,
        outputLayers: layers.map { try model.index(of: $0) })
      #expect(nodeNames(graph, model) == ["conv1", "pool1", "norm1"])
      return lastRoots(graph)
    }
    #expect(Set(try roots(["norm1"])).count == 1)
    #expect(Set(try roots(["norm1", "pool1"])).count == 2)
  }

  @Test func normalizationsDoNotReplaceConcatenations() throws {
    let pooling = Operation.pooling(Pooling(.max))
    let normalization = Operation.localResponseNormalization(
      LocalResponseNormalization(size: 3, alpha: 1, beta: 0.75, k: 1, alphaPerElement: false))
    var global = Pooling(.max)
    global.global = true
    let network = Networks.network([
      Layer(name: "part", inputs: ["data"], operation: pooling),
      Layer(name: "joined", inputs: ["part"], operation: .concat),
      Layer(name: "norm", inputs: ["joined"], operation: normalization),
      Layer(name: "pool", inputs: ["norm"], operation: .pooling(global)),
      Layer(name: "prob", inputs: ["pool"], operation: .softmax),
    ])
    let (graph, model) = try graph(network, observing: ["part"])
    #expect(nodeNames(graph, model) == ["part", "norm", "pool", "prob"])
    #expect(graph.root(of: graph.nodes[0].output).value != graph.root(of: graph.nodes[1].output).value)
  }

  @Test func onlyWhatIsNeededIsComputed() throws {
    let model = try Model(network: try Networks.inception())
    let graph = try Graph(
      model: model, input: model.inputShape(17, 17), shapes: model.shapes, encodings: model.encodings,
      outputLayers: [try model.index(of: "norm1")])
    #expect(nodeNames(graph, model) == ["conv1", "pool1", "norm1"])
  }

  @Test func theInputIsCopiedIntoAConcatenation() throws {
    var global = Pooling(.max)
    global.global = true
    let network = Networks.network([
      Layer(name: "joined", inputs: ["data", "data"], operation: .concat),
      Layer(name: "pool", inputs: ["joined"], operation: .pooling(global)),
      Layer(name: "prob", inputs: ["pool"], operation: .softmax),
    ])
    let (graph, model) = try graph(network)
    #expect(nodeNames(graph, model) == ["joined", "joined", "pool", "prob"])
  }
}
