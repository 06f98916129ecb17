import Foundation
import Testing

@testable import Conversion
@testable import GoogLeNet

/// Random networks in every setting, compared with each other and with naive references. GLN_RANDOM_NETWORKS=FIRST-LAST runs other
/// seeds than the first 150.
@Suite struct RandomNetworkTests {
  static let seeds: ClosedRange<UInt64> = {
    let bounds = (ProcessInfo.processInfo.environment["GLN_RANDOM_NETWORKS"] ?? "").split(separator: "-").compactMap {
      UInt64($0)
    }
    return bounds.count == 2 && bounds[0] <= bounds[1] ? bounds[0]...bounds[1] : 0...149
  }()

  @Test(arguments: seeds) func everySettingAgrees(seed: UInt64) {
    var choices = Choices(seed: seed)
    let network = NetworkGenerator.network(&choices)
    let faults = DifferentialCheck.faults(of: network, &choices)
    guard !faults.isEmpty else { return }
    Issue.record("network \(seed) disagrees: \(faults.prefix(5).joined(separator: "; ")), in \(network.description)")
  }

  /// What the other test is worth.
  @Test func networksAreOfEveryKind() throws {
    var found: [String: Int] = [:]
    for seed in UInt64(0)...149 {
      var choices = Choices(seed: seed)
      let model: Model
      do { model = try Model(network: NetworkGenerator.network(&choices).network) } catch { continue }
      let exact = ExactLayers(model)
      var kinds: Set<String> = ["\(model.precision)", "\(model.network.preprocessing.channelOrder)"]
      for (index, layer) in model.network.layers.enumerated() {
        kinds.insert("\(layer.operation.kind)")
        if let weights = layer.operation.weights { kinds.insert("\(weights.elementType)") }
        switch model.encodings[index] {
        case .float32: break
        case .u8: kinds.insert("8 bits")
        case .u16: kinds.insert("16 bits")
        }
        if exact[index] { kinds.insert("exact") }
        for extraFirst in [false, true] where border(layer.operation) == .same(extraFirst: extraFirst) {
          kinds.formUnion(["SAME of a \(layer.operation.kind)", extraFirst ? "SAME_LOWER" : "SAME_UPPER"])
        }
        if case .convolution(let it) = layer.operation {
          if it.groups > 1 { kinds.insert("groups") }
          if it.dilationHeight > 1 { kinds.insert("dilation") }
          if case .explicit(let padding) = it.border, padding.top != padding.bottom {
            kinds.insert("asymmetric padding")
          }
          if !it.weights.inputScales.isEmpty { kinds.insert("input scales") }
        }
      }
      if exact[model.network.layers.count - 1] { kinds.insert("exact to the end") }
      for kind in kinds { found[kind, default: 0] += 1 }
    }
    let wanted = [
      "int8", "float32", "rgb", "bgr", "gray", "Convolution", "Pooling", "LocalResponseNormalization",
      "BatchNormalization", "ReLU", "Concat", "InnerProduct", "Dropout", "Softmax", "Sum", "Sigmoid",
      "PReLU", "ClippedReLU", "float16", "int16", "8 bits", "16 bits", "exact", "groups", "dilation",
      "asymmetric padding", "input scales", "exact to the end", "SAME of a Convolution",
      "SAME of a Pooling", "SAME_UPPER", "SAME_LOWER",
    ]
    for kind in wanted { #expect(found[kind, default: 0] >= 10, "\(kind): \(found)") }
  }

  private func border(_ operation: GoogLeNet.Operation) -> Border? {
    switch operation {
    case .convolution(let it): it.border
    case .pooling(let it): it.border
    default: nil
    }
  }

  /// So many that their sum leaves 32 bits.
  @Test func averagesOfMillionsOfBytes() throws {
    let side = 2904
    let one = try Tensor([1], dims: [1, 1, 1, 1])
    let block = try #require(HeapBlock(byteCount: 1))
    block.mutableBytes[0] = 1
    let weights = Tensor(dims: one.dims, elementType: .int8, scales: [1], bytes: block.bytes, owner: block)
    var global = Pooling(.average)
    global.global = true
    let network = Network(
      name: "test", producer: "GoogLeNetTests",
      preprocessing: Preprocessing(
        inputHeight: 1, inputWidth: 1, channelOrder: .gray, mean: [0], scale: [1], shortSide: 1), labels: [],
      inputName: "data",
      layers: [
        Layer(name: "copy", inputs: ["data"], operation: .convolution(Convolution(weights: weights))),
        Layer(name: "relu", inputs: ["copy"], operation: .relu, outputScale: 1),
        Layer(name: "pool", inputs: ["relu"], operation: .pooling(global)),
        Layer(
          name: "fc", inputs: ["pool"], operation: .innerProduct(InnerProduct(weights: try Tensor([1], dims: [1, 1])))),
        Layer(name: "prob", inputs: ["fc"], operation: .softmax),
      ])
    let picture = [UInt8](repeating: 255, count: side * side)
    // As gln_pooling says: the exact sum, rounded once, times the rounded reciprocal of the count.
    let average = Float(255 * side * side) * (1 / Float(side * side))
    for isa in RunSetting.tiers {
      let setting = RunSetting(isa: isa, precision: .int8, height: side, width: side)
      let session = try Session(model: try Model(network: network), options: setting.options)
      var feature = Float.nan
      try picture.withUnsafeBytes { bytes in
        let batch = try Batch(.pixels(.gray), data: bytes.baseAddress, count: 1)
        try withUnsafeMutablePointer(to: &feature) {
          try session.features(batch, into: UnsafeMutableBufferPointer(start: $0, count: 1))
        }
      }
      #expect(feature == average, "\(isa.name)")
    }
  }
}
