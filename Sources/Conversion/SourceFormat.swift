/// What kind of file a network was converted from.
public enum SourceFormat: Equatable, Sendable, CustomStringConvertible {
  /// `legacy`: the layers stand in the V1 field `layers`.
  case caffe(legacy: Bool)
  case onnx(opset: Int)
  case pyTorch
  case safetensors
  /// `torch.jit.save`.
  case torchScript
  /// `.keras`, a zip archive.
  case keras
  /// `.h5`.
  case kerasHDF5
  case tensorFlowGraph
  case savedModel
  case tfLite

  var isPyTorch: Bool { [.pyTorch, .safetensors, .torchScript].contains(self) }

  public var description: String {
    switch self {
    case .caffe(legacy: false): "Caffe caffemodel"
    case .caffe(legacy: true): "Caffe caffemodel (legacy V1 layers)"
    case .onnx(let opset): "ONNX opset \(opset)"
    case .pyTorch: "PyTorch checkpoint"
    case .safetensors: "safetensors"
    case .torchScript: "TorchScript archive"
    case .keras: "Keras archive"
    case .kerasHDF5: "Keras HDF5"
    case .tensorFlowGraph: "TensorFlow GraphDef"
    case .savedModel: "TensorFlow SavedModel"
    case .tfLite: "TFLite"
    }
  }
}
