import GoogLeNet

/// Operators that change only how a value is seen.
extension ONNXImporter {
  /// From an input, as newer opsets have it, or an attribute.
  func axes(_ it: Operands) throws(GoogLeNetError) -> [Int]? {
    try it.optionalConstant(1)?.integers ?? it.node.ints("axes")
  }

  /// - Parameter sizes: of the input, which zeros stand for.
  private func target(_ it: Operands, sizes: [Int]) throws(GoogLeNetError) -> [Int] {
    guard let target = try it.optionalConstant(1)?.integers else {
      throw it.node.unsupported("its shape must be a constant")
    }
    guard target.count(where: { $0 == -1 }) <= 1 else { throw it.node.invalid("it reshapes to \(target)") }
    guard it.node.int("allowzero", 0) == 0 else { return target }
    return target.enumerated().map { index, dim in dim == 0 && index < sizes.count ? sizes[index] : dim }
  }

  func view(_ it: Operands) throws(GoogLeNetError) -> GraphValue {
    switch try it.value(0) {
    case .constant(let constant): return .constant(try view(it, constant))
    case .inputChannel(let channel):
      guard it.node.type == "Unsqueeze" else {
        throw it.node.unsupported("it changes the axes of one channel of the input")
      }
      return .inputChannel(try builder.unsqueezed(it.node, channel, axes: try axes(it) ?? []))
    default: return .activation(try view(it, try it.activation()))
    }
  }

  private func view(_ it: Operands, _ input: GraphActivation) throws(GoogLeNetError) -> GraphActivation {
    let node = it.node
    switch node.type {
    case "Flatten":
      let axis = node.int("axis", 1)
      guard (axis < 0 ? axis &+ input.axes.count : axis) == 1 else {
        throw node.unsupported("it flattens from axis \(axis): only 1 is supported")
      }
      return try builder.flattened(node, input)
    case "Reshape":
      return try builder.reshaped(node, input, to: try target(it, sizes: input.axes.map { input.size($0) ?? -1 }))
    case "Squeeze":
      guard let axes = try axes(it), !axes.isEmpty else { throw node.unsupported("it has no axes") }
      return try builder.squeezed(node, input, axes: axes)
    case "Transpose":
      return try builder.transposed(node, input, node.ints("perm") ?? [Int](input.axes.indices.reversed()))
    default: throw node.unsupported("it cannot be applied to an image")
    }
  }

  private func view(_ it: Operands, _ constant: GraphConstant) throws(GoogLeNetError) -> GraphConstant {
    let node = it.node
    if node.type == "Transpose" {
      let order = node.ints("perm") ?? [Int](constant.dims.indices.reversed())
      guard order.sorted() == [Int](constant.dims.indices) else { throw node.invalid("perm is \(order)") }
      return try constant.transposed(order, file.budget)
    }
    // But for a transposition, the axis of the scales would be lost.
    let input = try constant.dequantized(file.budget)
    switch node.type {
    case "Reshape": return try GraphShape.reshaped(node, input, to: try target(it, sizes: input.dims))
    case "Flatten": return try GraphShape.flattened(node, input, from: node.int("axis", 1))
    default:
      guard let axes = try axes(it) else { throw node.unsupported("it has no axes") }
      return node.type == "Squeeze"
        ? try GraphShape.squeezed(node, input, axes: axes) : try GraphShape.unsqueezed(node, input, axes: axes)
    }
  }
}
