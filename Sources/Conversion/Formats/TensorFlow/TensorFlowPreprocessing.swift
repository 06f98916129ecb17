import GoogLeNet

/// How networks from TensorFlow are fed, told by what they call their nodes: their files do not say.
enum TensorFlowPreprocessing {
  static func defaults(_ layers: [Layer], _ input: GraphActivation?, _ notes: inout [String]) -> PreprocessingDefaults {
    if let result = PreprocessingDefaults.ofOwnNormalization(layers, input) { return result }
    let classes = classCount(layers)
    if layers.contains(where: { $0.name.contains("conv2d0_pre_relu") }) {
      if classes == 1008 {
        notes.append("its 1008 classes are those of 2015: 0 is a placeholder, and labels come in their own order")
      }
      return PreprocessingDefaults(
        channelOrder: .rgb, mean: [117, 117, 117], scale: [1, 1, 1],
        reason: "the convention of tensorflow_inception_graph, whose node names it has; the file does not tell")
    }
    if classes == 1001 {
      notes.append("its 1001 classes are ImageNet's after a background class at 0: a labels file needs that line too")
    }
    return .slim(
      reason: layers.contains { $0.name.contains("InceptionV1") }
        ? "slim's convention, whose node names it has; the file does not tell"
        : "slim's convention, usual with TensorFlow; the file does not tell")
  }

  private static func classCount(_ layers: [Layer]) -> Int? {
    for layer in layers.reversed() {
      switch layer.operation {
      case .convolution(let it): return it.weights.dims.first
      case .innerProduct(let it): return it.weights.dims.first
      default: continue
      }
    }
    return nil
  }
}
