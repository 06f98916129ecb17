import GoogLeNet

@testable import Conversion
@testable import FuzzSupport

// Caffemodels, current and legacy.

var normalized = CaffeFile.small(legacy: false)
normalized.layers.insert(
  contentsOf: [
    CaffeFile.Layer(
      name: "bn", type: "BatchNorm", bottoms: ["conv"], tops: ["conv"],
      blobs: [([2], [2, 4]), ([2], [8, 18]), ([1], [2])],
      parameter: (139, 0, WireWriter { $0.float(3, 0.5) })),
    CaffeFile.Layer(
      name: "scale", type: "Scale", bottoms: ["conv"], tops: ["conv"], blobs: [([2], [4, 6]), ([2], [1, 2])],
      parameter: (142, 0, WireWriter { $0.number(4, 1) })),
    CaffeFile.Layer(
      name: "norm", type: "LRN", bottoms: ["conv"], tops: ["norm"],
      parameter: (
        118, 18,
        WireWriter {
          $0.number(1, 5)
          $0.float(2, 1e-4)
        }
      )),
    CaffeFile.simple("join", "Concat", "conv", "norm", top: "join"),
  ], at: 1)
normalized.layers[5].bottoms = ["join"]

let files = [CaffeFile.small(legacy: false), CaffeFile.small(legacy: true), CaffeFile.trained(), normalized]
fuzz(seeds: files.map(\.bytes)) { bytes throws(GoogLeNetError) in
  guard FileKind(InputFile(name: "input", folder: nil, bytes: bytes)) == .caffe else { return }
  try convertAndReload(bytes)
}
