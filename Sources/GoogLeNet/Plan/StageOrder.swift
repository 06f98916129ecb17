import CKernels

/// The second step of planning: the stages in which nodes run, every one as early as what it reads allows.
struct StageOrder {
  /// For each node the stages in which its first and its last phase run.
  private(set) var first: [Int] = []
  private(set) var last: [Int] = []
  /// How many there are.
  private(set) var count = 1

  /// - Parameter parts: for each node its convolutions.
  init(_ graph: Graph, _ parts: [[ConvolutionPart]], _ settings: PlanSettings) {
    // For each root the first stage in which all of it is written.
    var ready = [Int](repeating: 0, count: graph.values.count)
    for (index, node) in graph.nodes.enumerated() {
      var start = 0
      for input in node.inputs { start = max(start, ready[graph.root(of: input).value]) }
      let end = start + StageOrder.phases(of: parts[index], settings) - 1
      first.append(start)
      last.append(end)
      count = max(count, end + 1)
      let output = graph.root(of: node.output).value
      ready[output] = max(ready[output], end + 1)
    }
  }

  private static func phases(of parts: [ConvolutionPart], _ settings: PlanSettings) -> Int {
    var phases = 1
    for case .float32(_, let algorithm, _) in parts {
      phases = max(phases, Int(settings.record(of: algorithm).phases))
    }
    return phases
  }
}
