import GoogLeNet

/// A valid network of random layers; see `NetworkGenerator`.
struct RandomNetwork {
  struct Limits {
    /// Of the input, in pixels.
    var side = 40
    var layers = 16
    /// Multiply-adds and activations of all layers together.
    var work = 400_000
  }

  let network: Network
  /// Whether values may overflow: then a run may end with `notFinite`, and rounding errors have no bound.
  let isExtreme: Bool
  /// Whether it has input scales where no pixels are read, which the library may refuse, but not ignore.
  let mayBeRefused: Bool
}

extension RandomNetwork: CustomStringConvertible {
  /// One line a layer.
  var description: String {
    let preprocessing = network.preprocessing
    let input =
      "data \(preprocessing.inputHeight) x \(preprocessing.inputWidth) \(preprocessing.channelOrder) "
      + "mean \(preprocessing.mean) scale \(preprocessing.scale)"
    let lines = network.layers.map { layer in
      var line = "\(layer.name) = \(layer.operation.kind) of \(layer.inputs.joined(separator: ", "))"
      switch layer.operation {
      case .convolution(let it):
        line +=
          ", \(it.weights.elementType) \(it.weights.dims)\(it.bias == nil ? "" : " with bias"), stride \(it.strideHeight) "
          + "\(it.strideWidth), padding \(text(it.border)), dilation \(it.dilationHeight) \(it.dilationWidth), "
          + "\(it.groups) groups\(it.weights.inputScales.isEmpty ? "" : ", input scales")"
      case .innerProduct(let it):
        line +=
          ", \(it.weights.elementType) \(it.weights.dims)\(it.bias == nil ? "" : " with bias")"
          + (it.weights.inputScales.isEmpty ? "" : ", input scales")
      case .pooling(let it):
        line +=
          it.global
          ? ", global \(it.method)"
          : ", \(it.method) \(it.kernelHeight) x \(it.kernelWidth), stride \(it.strideHeight) \(it.strideWidth), padding "
            + "\(text(it.border)), \(it.rounding)\(it.countIncludesPadding ? ", counts padding" : "")"
      case .localResponseNormalization(let it):
        line += ", size \(it.size), alpha \(it.alpha), beta \(it.beta), k \(it.k)"
      default: break
      }
      if let scale = layer.outputScale { line += ", output scale \(scale)" }
      return line
    }
    return ([input] + lines).joined(separator: "\n")
  }

  private func text(_ border: Border) -> String {
    switch border {
    case .explicit(let padding): "\(padding.top) \(padding.left) \(padding.bottom) \(padding.right)"
    case .same(let extraFirst): extraFirst ? "SAME_LOWER" : "SAME_UPPER"
    }
  }
}
