import GoogLeNet

/// How integers stand for the numbers of a constant: x = (integer − zero point) × scale, with one scale for all or one an
/// index along an axis.
struct GraphScales {
  let scales: [Float]
  /// As many as scales.
  let zeroPoints: [Int]
  /// Counted from the end where negative.
  let axis: Int

  /// A constant rounded to integers of a format.
  /// - Parameter range: the integers of that format.
  func quantized(_ node: some ForeignNode, _ constant: GraphConstant, _ format: NumberFormat, _ range: ClosedRange<Int>)
    throws(GoogLeNetError) -> GraphConstant
  {
    let inner = try place(node, constant).inner
    return try GraphConstant(
      dims: constant.dims, format: format, count: constant.count, of: Int.self, node.file.budget
    ) { () throws(GoogLeNetError) in
      var integers: [Int] = []
      integers.reserveCapacity(constant.count)
      for (index, value) in constant.floats.enumerated() {
        let place = index / inner % scales.count
        let rounded = (value / scales[place]).rounded(.toNearestOrEven)
        guard !rounded.isNaN else { throw node.invalid("it quantizes NaN") }
        let whole = Int(min(max(rounded, -0x1p20), 0x1p20)) + zeroPoints[place]
        integers.append(min(max(whole, range.lowerBound), range.upperBound))
      }
      return .integers(integers)
    }
  }

  /// What a constant of integers stands for.
  func dequantized(_ node: some ForeignNode, _ constant: GraphConstant) throws(GoogLeNetError) -> GraphConstant {
    guard constant.isWhole else { throw node.invalid("it reads a constant that is not integers") }
    let (axis, inner) = try place(node, constant)
    return try GraphConstant(dims: constant.dims, count: constant.count, of: Int32.self, node.file.budget) {
      () throws(GoogLeNetError) in
      var integers: [Int32] = []
      integers.reserveCapacity(constant.count)
      for index in 0..<constant.count {
        let value = constant.whole(index)
        guard let small = Int32(exactly: value),
          case let (integer, overflow) = small.subtractingReportingOverflow(
            Int32(zeroPoints[index / inner % scales.count])), !overflow
        else { throw node.invalid("it reads \(value): beyond 32 bits") }
        integers.append(integer)
      }
      return .quantized(GraphQuantizedValues(integers: integers, scales: scales, axis: axis))
    }
  }

  /// The axis of the scales, and how many elements that follow one another have the same.
  private func place(_ node: some ForeignNode, _ constant: GraphConstant) throws(GoogLeNetError)
    -> (axis: Int, inner: Int)
  {
    guard scales.count > 1 else { return (0, max(constant.count, 1)) }
    let place = axis < 0 ? axis &+ constant.dims.count : axis
    guard constant.dims.indices.contains(place), constant.dims[place] == scales.count, constant.count > 0 else {
      throw node.invalid("it has \(scales.count) scales along axis \(axis) of \(constant.dims)")
    }
    return (place, constant.dims.dropFirst(place + 1).reduce(1, *))
  }
}
