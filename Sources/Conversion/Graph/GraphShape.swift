import GoogLeNet

/// Changes of a constant's dimensions.
enum GraphShape {
  /// Dimensions that a constant may have: each change of them makes a list of its own.
  static let rankLimit = 32

  /// The constant, with no more dimensions than are supported.
  private static func checked(_ node: some ForeignNode, _ constant: GraphConstant) throws(GoogLeNetError)
    -> GraphConstant
  {
    guard constant.dims.count <= rankLimit else {
      throw node.unsupported(
        "it gives a constant \(constant.dims.count) dimensions: at most \(rankLimit) are supported")
    }
    return constant
  }

  /// - Parameter target: the new dimensions, one of which may be -1: what is left.
  static func reshaped(_ node: some ForeignNode, _ input: GraphConstant, to target: [Int]) throws(GoogLeNetError)
    -> GraphConstant
  {
    guard input.count > 0 else { throw node.unsupported("it reshapes an empty constant") }
    var known = 1
    for dim in target where dim != -1 {
      let (product, overflow) = known.multipliedReportingOverflow(by: dim)
      guard dim >= 0, !overflow else { throw node.invalid("it reshapes to \(target)") }
      known = product
    }
    let open = target.count(where: { $0 == -1 })
    guard open == 0 ? known == input.count : open == 1 && known > 0 && input.count % known == 0 else {
      throw node.invalid("it reshapes \(input.dims) to \(target)")
    }
    var result = input
    result.dims = target.map { $0 == -1 ? input.count / known : $0 }
    return try checked(node, result)
  }

  /// - Parameter axis: the first of those that become the second dimension, counted from the end where negative.
  static func flattened(_ node: some ForeignNode, _ input: GraphConstant, from axis: Int) throws(GoogLeNetError)
    -> GraphConstant
  {
    let place = axis < 0 ? axis &+ input.dims.count : axis
    guard 0...input.dims.count ~= place else { throw node.invalid("it flattens \(input.dims) from axis \(axis)") }
    var result = input
    result.dims = [input.dims.prefix(place).reduce(1, *), input.dims.dropFirst(place).reduce(1, *)]
    return result
  }

  /// - Parameter axes: dimensions of 1 to leave out, counted from the end where negative; all of them where empty.
  static func squeezed(_ node: some ForeignNode, _ input: GraphConstant, axes: [Int]) throws(GoogLeNetError)
    -> GraphConstant
  {
    let places =
      axes.isEmpty
      ? Set(input.dims.indices.filter { input.dims[$0] == 1 })
      : Set(axes.map { $0 < 0 ? $0 &+ input.dims.count : $0 })
    guard axes.isEmpty || places.count == axes.count,
      places.allSatisfy({ input.dims.indices.contains($0) && input.dims[$0] == 1 })
    else { throw node.invalid("it removes the axes \(axes) of \(input.dims)") }
    var result = input
    result.dims = input.dims.indices.filter { !places.contains($0) }.map { input.dims[$0] }
    return try checked(node, result)
  }

  /// - Parameter axes: where the result has further dimensions of 1, counted from its end where negative.
  static func unsqueezed(_ node: some ForeignNode, _ input: GraphConstant, axes: [Int]) throws(GoogLeNetError)
    -> GraphConstant
  {
    let rank = input.dims.count + axes.count
    let places = Set(axes.map { $0 < 0 ? $0 &+ rank : $0 })
    guard places.count == axes.count, places.allSatisfy({ 0..<rank ~= $0 }) else {
      throw node.invalid("it adds the axes \(axes) to \(input.dims)")
    }
    var rest = input.dims[...]
    var result = input
    result.dims = (0..<rank).map { places.contains($0) ? 1 : rest.removeFirst() }
    return try checked(node, result)
  }
}
