import CForeignFormats
import GoogLeNet

/// The nodes of a TensorFlow graph and of the functions that it calls, seen as one graph without calls.
struct TensorFlowGraph {
  /// A node in one call of the function that holds it.
  struct Place: Hashable {
    var frame: Int
    var node: Int
  }

  /// An output of a node.
  struct Reference {
    var place: Place
    var output: Int
  }

  /// The graph itself, or a function.
  private struct Body {
    var nodes: [TensorFlowNode] = []
    var indices: [String: Int] = [:]
    /// Of a function: the place of each argument, what its outputs are called, and what they refer to.
    var arguments: [String: Int] = [:]
    var outputs: [String] = []
    var returns: [String: String] = [:]
  }

  /// A call of a function; the first frame is the graph itself.
  private struct Frame {
    var body: Int
    /// What calls it.
    var caller: Place
  }

  private let file: InputFile
  private var bodies: [Body] = []
  private var functions: [String: Int] = [:]
  private var frames: [Frame] = [Frame(body: 0, caller: Place(frame: 0, node: 0))]
  private var calls: [Place: Int] = [:]

  private static let frameLimit = 1000
  private static let nodeLimit = 100_000

  init(_ graph: Tensorflow__Graph, _ file: InputFile) throws(GoogLeNetError) {
    self.file = file
    bodies.append(try body(UnsafeBufferPointer(start: graph.node, count: graph.n_node), "the graph"))
    guard let library = graph.library?.pointee else { return }
    for function in UnsafeBufferPointer(start: library.function, count: library.n_function) {
      guard let function = function?.pointee, let signature = function.signature?.pointee else { continue }
      let name = text(signature.name)
      var body = try body(UnsafeBufferPointer(start: function.node_def, count: function.n_node_def), "'\(name)'")
      for (index, argument) in UnsafeBufferPointer(start: signature.input_arg, count: signature.n_input_arg)
        .enumerated()
      {
        body.arguments[text(argument?.pointee.name)] = index
      }
      body.outputs = UnsafeBufferPointer(start: signature.output_arg, count: signature.n_output_arg).map {
        text($0?.pointee.name)
      }
      for entry in UnsafeBufferPointer(start: function.ret, count: function.n_ret) {
        if let entry = entry?.pointee { body.returns[text(entry.key)] = text(entry.value) }
      }
      functions[name] = bodies.count
      bodies.append(body)
    }
  }

  private func body(
    _ nodes: UnsafeBufferPointer<UnsafeMutablePointer<Tensorflow__Node>?>, _ what: String
  ) throws(GoogLeNetError) -> Body {
    try file.budget.take(nodes: nodes.count)
    var body = Body()
    for node in nodes {
      guard let node = node?.pointee else { continue }
      let read = TensorFlowNode(node, file)
      guard body.indices.updateValue(body.nodes.count, forKey: read.name) == nil else {
        throw file.invalid("two nodes of \(what) are called '\(read.name)'")
      }
      body.nodes.append(read)
    }
    return body
  }

  func node(_ place: Place) -> TensorFlowNode { bodies[frames[place.frame].body].nodes[place.node] }

  /// The nodes of a frame.
  func places(in frame: Int) -> [Place] {
    bodies[frames[frame].body].nodes.indices.map { Place(frame: frame, node: $0) }
  }

  /// The node of the graph itself that is called so.
  func place(named name: String) -> Place? { bodies[0].indices[name].map { Place(frame: 0, node: $0) } }

  /// The frame of what a node calls; nil where it calls nothing.
  mutating func call(at place: Place) throws(GoogLeNetError) -> Int? {
    if let frame = calls[place] { return frame }
    let node = node(place)
    let name: String
    switch node.type {
    case "StatefulPartitionedCall", "PartitionedCall": name = node.function("f") ?? ""
    default: name = node.type
    }
    guard let body = functions[name] else {
      guard name == node.type else { throw node.invalid("it calls the function '\(name)', which is missing") }
      return nil
    }
    guard frames.count < TensorFlowGraph.frameLimit else {
      throw file.unsupported("it has more than \(TensorFlowGraph.frameLimit) calls of functions")
    }
    calls[place] = frames.count
    frames.append(Frame(body: body, caller: place))
    return frames.count - 1
  }

  /// Which node a name of an input means: calls and arguments are followed to what makes the value.
  mutating func resolve(_ name: String, in frame: Int) throws(GoogLeNetError) -> Reference {
    var name = name
    var frame = frame
    // Each step enters or leaves a call: more of them than that go round in a circle.
    for _ in 0...4 * TensorFlowGraph.frameLimit {
      let body = bodies[frames[frame].body]
      let parts = name.utf8.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false).map {
        String($0) ?? ""
      }
      if let argument = body.arguments[parts[0]] {
        let caller = node(frames[frame].caller)
        guard argument < caller.inputs.count else {
          throw caller.invalid("it gives \(caller.inputs.count) arguments to a function that reads '\(parts[0])'")
        }
        name = caller.inputs[argument]
        frame = frames[frame].caller.frame
        continue
      }
      guard let index = body.indices[parts[0]] else { throw file.invalid("the graph has no node '\(parts[0])'") }
      let place = Place(frame: frame, node: index)
      let output = TensorFlowGraph.output(parts, body.nodes[index])
      guard let inner = try call(at: place) else { return Reference(place: place, output: output) }
      let called = bodies[frames[inner].body]
      guard output < called.outputs.count, let result = called.returns[called.outputs[output]] else {
        throw body.nodes[index].invalid("the function has no output \(output)")
      }
      name = result
      frame = inner
    }
    throw file.invalid("the calls of its functions go round in a circle at '\(name)'")
  }

  /// Which output of a node is meant: `node:1` in a graph, `node:name:1` in a function.
  private static func output(_ parts: [String], _ node: TensorFlowNode) -> Int {
    // The only operations with outputs of several names that are converted give what counts first.
    if parts.count == 3, node.type.hasPrefix("FusedBatchNorm"), parts[1] != "y" { return 1 }
    guard parts.count > 1, let number = Int(parts[parts.count - 1]), number >= 0 else { return 0 }
    return number
  }

  /// The nodes on which an output depends, each after those that it reads.
  mutating func needed(for output: Reference) throws(GoogLeNetError) -> [(place: Place, inputs: [Reference])] {
    var finished: [(place: Place, inputs: [Reference])] = []
    var seen: Set<Place> = [output.place]
    var inputs = try inputs(of: output.place)
    var path: [(place: Place, inputs: [Reference], next: Int)] = [(output.place, inputs, 0)]
    while let last = path.last {
      if last.next == last.inputs.count {
        finished.append((last.place, last.inputs))
        path.removeLast()
        continue
      }
      path[path.count - 1].next += 1
      let place = last.inputs[last.next].place
      guard seen.insert(place).inserted else { continue }
      guard seen.count <= TensorFlowGraph.nodeLimit else {
        throw file.unsupported("its output depends on more than \(TensorFlowGraph.nodeLimit) nodes")
      }
      inputs = try self.inputs(of: place)
      path.append((place, inputs, 0))
    }
    return finished
  }

  mutating func inputs(of place: Place) throws(GoogLeNetError) -> [Reference] {
    var references: [Reference] = []
    for name in node(place).inputs { references.append(try resolve(name, in: place.frame)) }
    return references
  }

  /// The outputs of the graph itself that nothing reads.
  func ends() -> [String] {
    var read: Set<String> = []
    for node in bodies[0].nodes {
      for input in node.inputs {
        if let name = input.utf8.split(separator: UInt8(ascii: ":")).first.flatMap({ String($0) }) { read.insert(name) }
      }
    }
    return bodies[0].nodes.filter { !$0.inputs.isEmpty && !read.contains($0.name) }.map(\.name)
  }
}
