/// Reads a model file's tensors, whose values stay where they are.
final class TensorReader {
  /// More dimensions than any tensor has.
  private static let dimensionLimit = 8

  /// A tensor's place in the weights.
  private struct Extent {
    let start: Int
    let end: Int
    let layer: String
    let field: StaticString
  }

  /// How errors name the model.
  let source: String
  private let owner: MemoryBlock
  private let weights: UnsafeRawBufferPointer
  /// Of the last tensor: those of a layer share the memory of theirs.
  private var lastDims: [Int] = []
  private var extents: [Extent] = []

  /// - Parameters:
  ///   - owner: keeps the bytes alive as long as any tensor.
  ///   - weights: the bytes of all tensors.
  init(source: String, owner: MemoryBlock, weights: UnsafeRawBufferPointer) {
    self.source = source
    self.owner = owner
    self.weights = weights
  }

  /// - Parameters:
  ///   - field: how errors call the tensor.
  ///   - layer: the name of its layer.
  func read(_ message: ProtobufMessage, _ field: StaticString, of layer: String) throws(GoogLeNetError) -> Tensor {
    var message = message
    var dims: [Int] = []
    var elementType = ElementType.float32
    var scales: [Float] = []
    var inputScales: [Float] = []
    var offset: UInt64 = 0
    var length: UInt64 = 0
    while let member = try message.next() {
      switch member.number {
      case 1: try message.append(member, to: &dims, limit: TensorReader.dimensionLimit)
      case 2:
        let value = try message.number32(member)
        guard let known = ElementType(rawValue: value) else {
          throw GoogLeNetError(
            .unsupported, "\(source): layer '\(layer)': \(field) has element type \(value), unknown here")
        }
        elementType = known
      case 3: try message.append(member, to: &scales, limit: NetworkValidator.channelLimit)
      case 4: offset = try message.number(member)
      case 5: length = try message.number(member)
      case 6: try message.append(member, to: &inputScales, limit: NetworkValidator.channelLimit)
      default: break
      }
    }
    if dims != lastDims { lastDims = dims }
    let size = UInt64(weights.count)
    guard offset <= size, length <= size - offset else {
      throw invalid(
        "layer '\(layer)': \(field) lies at bytes \(offset) + \(length), but there are only \(size) bytes of weights")
    }
    let range = Int(offset)..<Int(offset + length)
    if !range.isEmpty {
      extents.append(Extent(start: range.lowerBound, end: range.upperBound, layer: layer, field: field))
    }
    return Tensor(
      dims: lastDims, elementType: elementType, scales: scales, inputScales: inputScales,
      bytes: UnsafeRawBufferPointer(rebasing: weights[range]), owner: owner)
  }

  /// Refuses bytes that several tensors share: they would cost their readers more than the file has.
  func checkExtents() throws(GoogLeNetError) {
    let order = AscendingOrder.indices(of: extents.map { Int64($0.start) })
    for (place, next) in zip(order, order.dropFirst()) where extents[next].start < extents[place].end {
      let (left, right) = (extents[place], extents[next])
      throw invalid(
        "layer '\(left.layer)': \(left.field) and layer '\(right.layer)': "
          + "\(right.field) both lie at byte \(right.start) of the weights: each tensor needs bytes of its own")
    }
  }

  @inline(never)
  private func invalid(_ what: String) -> GoogLeNetError {
    GoogLeNetError(.invalidModel, "\(source): \(what)")
  }
}
