import GoogLeNet

/// Tells which GoogLeNet a list of layers is.
public enum VariantName {
  static let unnamed = "unnamed"
  static let bvlc = "BVLC GoogLeNet"
  static let batchNormalized = "GoogLeNet with BatchNorm (true 5x5 branches)"
  static let torchvision = "torchvision GoogLeNet"

  /// (1×1, 3×3 reduce, 3×3, 5×5 reduce, 5×5, pool projection) of the nine Inception modules: table 1 of the paper.
  private static let widths = [
    [64, 96, 128, 16, 32, 32], [128, 128, 192, 32, 96, 64], [192, 96, 208, 16, 48, 64], [160, 112, 224, 24, 64, 64],
    [128, 128, 256, 24, 64, 64], [112, 144, 288, 32, 64, 64], [256, 160, 320, 32, 128, 128],
    [256, 160, 320, 32, 128, 128], [384, 192, 384, 48, 128, 128],
  ]

  /// "BVLC GoogLeNet", "torchvision GoogLeNet" …; "unnamed" where it is another network.
  public static func of(_ layers: [Layer]) -> String {
    var convolutions: [Convolution] = []
    var normalizations = 0
    var modules = 0
    for layer in layers {
      switch layer.operation {
      case .convolution(let convolution): convolutions.append(convolution)
      case .localResponseNormalization: normalizations += 1
      case .concat: modules += 1
      default: break
      }
    }
    guard convolutions.count == 57, modules == 9 else { return unnamed }
    // Exporters may order the branches of a module differently.
    var expected = [64, 64, 192]
    for module in widths { expected += module }
    guard convolutions.map(\.outputChannels).sorted() == expected.sorted() else {
      return "GoogLeNet of other widths"
    }
    let wide = convolutions.count { $0.kernelHeight == 5 && $0.kernelWidth == 5 }
    switch (normalizations, wide) {
    case (2, 9): return bvlc
    case (0, 9): return batchNormalized
    case (0, 0): return torchvision
    default: return unnamed
    }
  }
}
