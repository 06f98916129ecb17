/// What becomes of the stored weights when they are packed.
extension GraphNode.Convolution {
  /// Whether kernels pack the stored weights as they are, without a copy.
  var isPackedInPlace: Bool {
    weights.elementType == .float32 && affine == nil && Int(bitPattern: weights.bytes.baseAddress) % 4 == 0
  }

  /// Bytes of the copy that packing for float32 kernels makes.
  var floatCopyBytes: Int { isPackedInPlace ? 0 : weights.count * 4 }

  /// Bytes of the copy that packing for integer kernels makes.
  var integerCopyBytes: Int { weights.bytes.count / groups }

  /// Bytes that `dropPages` frees at least.
  var droppedBytes: Int {
    guard groups == 1, weights.owner.canDropPages else { return 0 }
    return max(0, weights.bytes.count - 2 * 4096)
  }

  /// Lets the stored weights leave memory, unless another group's are among them.
  func dropPages() {
    if groups == 1 { weights.owner.dropPages(of: weights.bytes) }
  }
}
