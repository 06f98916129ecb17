import Foundation

/// The files that are shared beside the repository and never committed: in `GOOGLENET_SHARED` or `../shared`.
enum SharedFiles {
  static let bvlcCaffe = "models/bvlc_googlenet/bvlc_googlenet.caffemodel"
  static let bvlcONNX = "models/bvlc_googlenet/bvlc_googlenet.onnx"
  static let bvlcPrototxt = "models/bvlc_googlenet/deploy.prototxt"
  static let bvlcLabels = "models/bvlc_googlenet/synset_words.txt"
  static let clothing = "models/clothing/clothing.pt"

  static func path(_ name: String) -> String { folder + "/" + name }

  static func exist(_ names: String...) -> Bool {
    names.allSatisfy { FileManager.default.fileExists(atPath: path($0)) }
  }

  private static let folder: String =
    ProcessInfo.processInfo.environment["GOOGLENET_SHARED"]
    ?? URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../../shared").path
}
