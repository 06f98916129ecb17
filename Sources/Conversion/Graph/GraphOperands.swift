import GoogLeNet

/// A foreign graph's node with the values that it reads.
struct GraphOperands<Node: ForeignNode> {
  let node: Node
  private let operands: [GraphOperand]

  init(_ node: Node, _ operands: [GraphOperand]) {
    self.node = node
    self.operands = operands
  }

  var indices: Range<Int> { operands.indices }

  func value(_ index: Int) throws(GoogLeNetError) -> GraphValue { try named(index).value }

  /// nil where the input is not given.
  func optional(_ index: Int) throws(GoogLeNetError) -> GraphValue? { try found(index)?.value }

  /// A value that depends on the image.
  func activation(_ index: Int = 0) throws(GoogLeNetError) -> GraphActivation {
    let (value, name) = try named(index)
    switch value {
    case .activation(let activation):
      guard activation.quantization == nil else {
        throw node.unsupported(
          "its input \(index) ('\(name)') is quantized: only DequantizeLinear may read that (the QDQ form)")
      }
      return activation
    case .inputChannel: throw node.unsupported("its input \(index) ('\(name)') is one channel of the network's input")
    case .constant, .dropoutMask, .shape:
      throw node.unsupported("its input \(index) ('\(name)') does not depend on the image")
    }
  }

  /// The activations at some of the indices.
  func activations(_ indices: some Sequence<Int>) throws(GoogLeNetError) -> [GraphActivation] {
    var found: [GraphActivation] = []
    for index in indices { found.append(try activation(index)) }
    return found
  }

  /// nil where the input is not given.
  func optionalConstant(_ index: Int) throws(GoogLeNetError) -> GraphConstant? {
    guard let (value, name) = try found(index) else { return nil }
    guard case .constant(let constant) = value else {
      throw node.unsupported("its input \(index) ('\(name)') must be a constant")
    }
    return constant
  }

  func constant(_ index: Int) throws(GoogLeNetError) -> GraphConstant {
    guard let constant = try optionalConstant(index) else { throw missing(index) }
    return constant
  }

  /// A constant of whole numbers: axes, or a shape.
  func integers(_ index: Int) throws(GoogLeNetError) -> [Int] {
    guard let integers = try constant(index).integers else {
      throw node.unsupported("its input \(index) ('\(try named(index).name)') must be whole numbers")
    }
    return integers
  }

  /// A constant with one value for each of `count`.
  /// - Parameter what: how errors call it.
  func vector(_ index: Int, _ what: String, count: Int) throws(GoogLeNetError) -> Tensor {
    guard let vector = try optionalVector(index, what, count: count) else { throw node.invalid("it has no \(what)") }
    return vector
  }

  /// nil where the input is not given.
  func optionalVector(_ index: Int, _ what: String, count: Int) throws(GoogLeNetError) -> Tensor? {
    guard let constant = try optionalConstant(index) else { return nil }
    guard constant.count == count else {
      throw node.invalid("its \(what) has \(constant.count) values instead of \(count)")
    }
    return try constant.tensor(dims: [count], node.file.budget)
  }

  private func named(_ index: Int) throws(GoogLeNetError) -> (value: GraphValue, name: String) {
    guard let found = try found(index) else { throw missing(index) }
    return found
  }

  private func missing(_ index: Int) -> GoogLeNetError { node.invalid("its input \(index) is missing") }

  private func found(_ index: Int) throws(GoogLeNetError) -> (value: GraphValue, name: String)? {
    guard operands.indices.contains(index) else { return nil }
    switch operands[index] {
    case .leftOut: return nil
    case .value(let value, let name): return (value, name)
    case .unmade(let name): throw node.invalid("it reads '\(name)', which nothing before it makes")
    case .furtherOutput(let name): throw node.unsupported("it reads '\(name)', which is not a first output")
    }
  }
}
