/// The packed weights of one convolution, all groups together, in the `PackedWeightsCache` of their model.
final class PackedWeights {
  /// What packed weights depend on, besides the model.
  struct Key {
    /// The layer whose weights they are.
    let layer: Int
    /// The last of the layers folded into them; −1 for none.
    let lastFolded: Int
    let algorithm: ConvolutionAlgorithm
    /// Of a Winograd convolution.
    let tile: WinogradTileSize?
    let isa: ISA
    /// An inner product's depends on the shape of its input.
    let kernelHeight: Int
    let kernelWidth: Int
    /// Integer kernels take the taps of a row together where pixels have no gaps. 0 for float32.
    let inputPixelStride: Int
    /// Multipliers and biases of integer kernels depend on both. Both `float32` for float32 kernels.
    let input: ActivationEncoding
    let output: ActivationEncoding
    let allocator: BlockAllocator

    func isSame(as other: Key) -> Bool {
      layer == other.layer && lastFolded == other.lastFolded && algorithm == other.algorithm && tile == other.tile
        && isa == other.isa && kernelHeight == other.kernelHeight && kernelWidth == other.kernelWidth
        && inputPixelStride == other.inputPixelStride && input == other.input && output == other.output
        && allocator.isSame(as: other.allocator)
    }
  }

  let key: Key
  let block: AllocatedBlock
  /// Live plans. The cache's alone, as is `next`.
  var users = 1
  /// The next form of the same layer's weights.
  var next: PackedWeights?

  init(_ block: AllocatedBlock, for key: Key) {
    self.key = key
    self.block = block
  }
}
