/// The part of a foreign graph that computes its main output.
enum MainHead {
  /// Outputs that are compared.
  static let outputLimit = 64

  /// The nodes on which one depends, itself included.
  /// - Parameter sources: for each node those that it reads.
  static func ancestors(of node: Int, _ sources: [[Int]]) -> Set<Int> {
    var found: Set<Int> = [node]
    var pending = [node]
    while let index = pending.popLast() {
      for source in sources[index] where found.insert(source).inserted { pending.append(source) }
    }
    return found
  }

  /// Of several outputs the one on which most nodes work, for auxiliary heads are shorter, and those nodes in their order;
  /// nil where there is none.
  /// - Parameters:
  ///   - outputs: the node that makes each output; nil where none does.
  ///   - sources: for each node those that it reads.
  static func choose(_ outputs: [Int?], _ sources: [[Int]]) -> (output: Int, nodes: [Int])? {
    var best: (output: Int, nodes: Set<Int>)?
    for (index, output) in outputs.prefix(outputLimit).enumerated() {
      guard let node = output else { continue }
      let found = ancestors(of: node, sources)
      if found.count > best?.nodes.count ?? 0 { best = (index, found) }
    }
    return best.map { ($0.output, $0.nodes.sorted()) }
  }

  /// What is to be said of outputs beside the one that was chosen, and of nodes on which it does not depend.
  static func notes(outputs: [String], chosen: String, nodes: [String]) -> [String] {
    func listed(_ names: [String]) -> String {
      names.prefix(UnsupportedNodes.listLimit).joined(separator: ", ")
        + (names.count > UnsupportedNodes.listLimit ? " and \(names.count - UnsupportedNodes.listLimit) more" : "")
    }
    var notes: [String] = []
    let others = outputs.filter { $0 != chosen }.map { "'\($0)'" }
    if !others.isEmpty {
      notes.append("left out the outputs other than '\(chosen)': \(listed(others)) (auxiliary classifiers)")
    }
    if !nodes.isEmpty {
      notes.append(
        "left out, for the output does not depend on them (auxiliary classifiers): \(nodes.joined(separator: ", "))")
    }
    return notes
  }
}
