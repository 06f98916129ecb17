/// What becomes of the stored weights when they are packed.
extension GraphNode.Convolution {
  /// Output channels of a group.
  var groupOutputs: Int { outputChannels / groups }

  /// Whether kernels pack the stored weights as they are, without a copy.
  var isPackedInPlace: Bool {
    weights.elementType == .float32 && affine == nil && Int(bitPattern: weights.bytes.baseAddress) % 4 == 0
  }

  /// Bytes that packing for float32 kernels works in: a group's bias, and its weights where they are copied.
  var floatWorkspaceBytes: Int { groupOutputs * (1 + (isPackedInPlace ? 0 : depth)) * MemoryLayout<Float>.size }

  /// Bytes that packing for integer kernels works in: a group's sums, multipliers, bias and weights.
  var integerWorkspaceBytes: Int {
    groupOutputs * (3 * MemoryLayout<Float>.size + depth * weights.elementType.size)
  }

  /// Bytes that `dropPages` frees at least.
  var droppedBytes: Int { weights.owner.canDropPages ? max(0, weights.bytes.count - 2 * 4096) : 0 }

  /// Lets the stored weights leave memory.
  func dropPages() { weights.owner.dropPages(of: weights.bytes) }
}
