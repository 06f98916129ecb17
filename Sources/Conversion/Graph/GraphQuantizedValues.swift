import GoogLeNet

/// A dequantized constant: integers, less their zero points, and their scales.
struct GraphQuantizedValues {
  let integers: [Int32]
  /// One for all, or one for each index along `axis`.
  let scales: [Float]
  let axis: Int

  /// The values of an array of `dims`.
  func floats(_ dims: [Int]) -> [Float] {
    guard scales.count > 1 else { return integers.map { Float($0) * (scales.first ?? 1) } }
    let inner = dims.dropFirst(axis + 1).reduce(1, *)
    return integers.indices.map { Float(integers[$0]) * scales[$0 / inner % scales.count] }
  }

  /// With the axes in another order. `order` must be a permutation of them.
  func transposed(_ dims: [Int], _ order: [Int]) -> GraphQuantizedValues {
    GraphQuantizedValues(
      integers: integers.transposed(dims, order), scales: scales, axis: order.firstIndex(of: axis) ?? 0)
  }

  /// A tensor of `dims` in integers with one scale an output channel, the first dimension; nil where it cannot be written so.
  func tensor(_ dims: [Int], _ budget: ValueBudget) throws(GoogLeNetError) -> Tensor? {
    guard let channels = dims.first, scales.count == 1 || axis == 0 && scales.count == channels else { return nil }
    let scales = scales.count == 1 ? [Float](repeating: scales[0], count: channels) : scales
    return try Tensor.integers(integers, scales: scales, dims: dims, budget)
  }
}
