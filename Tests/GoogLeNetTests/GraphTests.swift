import Testing

@testable import GoogLeNet

@Suite struct GraphTests {
  private func graph(_ network: Network, observing names: [String] = []) throws -> (graph: Graph, model: Model) {
    let model = try Model(network: network)
    let shapes = try model.shapes(height: 17, width: 17)
    let observed = try names.map { try model.index(of: $0) }
    return (Graph(model: model, input: model.inputShape(17, 17), shapes: shapes, observedLayers: observed), model)
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

  @Test func nothingIsFusedAcrossObservedLayers() throws {
    let (graph, model) = try graph(try Networks.inception(), observing: ["conv1", "grouped/bn"])
    let names = nodeNames(graph, model)
    #expect(names.contains("conv1/relu") && names.contains("grouped/relu"))
    #expect(!names.contains("grouped/bn"))
  }

  @Test func concatenationsAreSlices() throws {
    let (graph, model) = try graph(try Networks.inception())
    func root(_ name: String) throws -> (value: Int, channelOffset: Int) {
      graph.root(of: graph.layerValues[try model.index(of: name)])
    }
    let module = try root("module")
    #expect(try root("branch1/relu") == (module.value, 0))
    #expect(try root("branch2/relu") == (module.value, 11))
    #expect(try root("branch3") == (module.value, 24))
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
