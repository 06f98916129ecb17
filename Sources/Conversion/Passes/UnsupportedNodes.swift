import GoogLeNet

/// Nodes of a foreign graph that have no counterpart here.
enum UnsupportedNodes {
  /// How many are listed by name.
  static let listLimit = 20

  /// Refuses the nodes whose types are not supported, all of them together, one of each type first.
  /// - Parameters:
  ///   - nodes: those that the output depends on.
  ///   - what: what the format calls their types: "operators" …
  ///   - word: what stands before each name.
  static func refuse<Node: ForeignNode>(
    _ nodes: [Node], beyond supported: Set<String>, _ what: String, word: String = "\(Node.word) ", _ file: InputFile
  ) throws(GoogLeNetError) {
    let unknown = nodes.filter { !supported.contains($0.type) }
    guard !unknown.isEmpty else { return }
    var types: Set<String> = []
    var firsts: [Node] = [], others: [Node] = []
    for node in unknown {
      if types.insert(node.type).inserted { firsts.append(node) } else { others.append(node) }
    }
    let ordered = (firsts + others).map { "\($0.type) (\(word)'\($0.name)')" }
    let listed = ordered.prefix(listLimit)
    let further = ordered.count > listLimit ? " and \(ordered.count - listLimit) more, up to \(ordered.last ?? "")" : ""
    throw file.unsupported("unsupported \(what): \(listed.joined(separator: ", "))\(further)")
  }
}
