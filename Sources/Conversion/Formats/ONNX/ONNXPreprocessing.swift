import CForeignFormats
import GoogLeNet

/// How networks from ONNX files are fed, told by where their training came from: nothing in the file says it.
enum ONNXPreprocessing {
  /// - Parameter isTorchvision: whether its modules are called as torchvision's.
  static func defaults(_ layers: [Layer], _ input: GraphActivation?, isTorchvision: Bool) -> PreprocessingDefaults {
    if let first = layers.first(where: { $0.inputs.contains(input?.layer ?? "") }),
      case .batchNormalization(let affine) = first.operation, isTransformInput(affine)
    {
      var result = PreprocessingDefaults.torchvision
      result.reason = "torchvision's convention, for the network begins with torchvision's transform_input"
      result.resizeRule = .torchvision
      return result
    }
    if let result = PreprocessingDefaults.ofOwnNormalization(layers, input) { return result }
    let hasNormalization = layers.contains {
      if case .localResponseNormalization = $0.operation { return true }
      return false
    }
    var result = hasNormalization ? PreprocessingDefaults.caffe : .torchvision
    result.reason =
      hasNormalization
      ? "Caffe's convention, for the network has LRN layers; the file does not tell"
      : "torchvision's convention, for the network has no LRN layers; the file does not tell"
    let hasWideKernel = layers.contains {
      if case .convolution(let it) = $0.operation { return it.kernelHeight == 5 }
      return false
    }
    if isTorchvision && !hasNormalization && !hasWideKernel { result.resizeRule = .torchvision }
    return result
  }

  /// Whether PyTorch's exporters gave the nodes or parameters the names of torchvision's modules.
  static func namesTorchvision(_ nodes: [ONNXNode], _ graph: Onnx__Graph) -> Bool {
    nodes.contains { $0.name.contains("inception3a/branch1/conv/") }
      || UnsafeBufferPointer(start: graph.initializer, count: graph.n_initializer).contains {
        $0.map { text($0.pointee.name).contains("inception3a.branch1.conv.") } ?? false
      }
  }

  private static func isTransformInput(_ affine: BatchNormalization) -> Bool {
    func agrees(_ found: Tensor?, _ wanted: [Float]) -> Bool {
      guard let values = found?.floats(), values.count == wanted.count else { return false }
      return zip(values, wanted).allSatisfy { abs($0 - $1) < 1e-5 }
    }
    let known = PreprocessingDefaults.transformInput
    return affine.mean == nil && agrees(affine.scale, known.scale) && agrees(affine.shift, known.shift)
  }
}
