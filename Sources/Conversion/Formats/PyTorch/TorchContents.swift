import GoogLeNet

/// What a PyTorch file holds of a network.
struct TorchContents {
  var state: StateDict
  var source: SourceFormat
  /// Where a list called `classes` lies beside the state.
  var classes: [String] = []
  var metadata: [MetadataEntry] = []
  /// Whether the network scales its input anew (torchvision's `transform_input`); nil where the file does not tell.
  var transformsInput: Bool?
}
