/// Where a layer would be taken over by the node before it.
struct FusionPlace {
  /// Of the layer's input and output.
  let channels: Int
  /// What the node reads first, and how the layer's output is stored.
  let reads: ActivationEncoding
  let stores: ActivationEncoding
}
