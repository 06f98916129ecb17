import GoogLeNet

/// Brings a network that was quantized by another program into int8 with that program's scales.
///
/// Weights that are integers stay as they are. Activations that are at least 0 and that an int8 layer reads are stored in the file's unit.
/// What differs from the file: the network's input stays bytes, as pixels are; what cannot be stored in 8 bits without a zero point
/// (values below 0, logits) is not rounded; activations that a concatenation joins are rounded once, to its unit, where the file
/// rounds twice; and where the file has fewer than 256 levels above 0, larger values are not clipped.
struct ImportedQuantization {
  private(set) var network: Network
  private(set) var notes: [String] = []
  private let budget: ValueBudget

  /// - Parameters:
  ///   - quantizations: how the file stores the outputs of layers, by name.
  ///   - budget: what dequantized weights count against.
  init(_ network: Network, _ quantizations: [String: ActivationQuantization], _ budget: ValueBudget)
    throws(GoogLeNetError)
  {
    self.network = network
    self.budget = budget
    let layers = network.layers
    let weighted = layers.indices.filter { layers[$0].operation.weights != nil }
    var floatLayers = Set(weighted.filter { layers[$0].operation.weights?.elementType.isInteger != true })
    let scale = network.preprocessing.scale
    let pixelReaders = weighted.filter { layers[$0].inputs == [network.inputName] }
    if !scale.allSatisfy({ $0 == scale[0] && $0.isNormal }) {
      // Their weights would have to take the channels' scales in.
      for layer in pixelReaders where !floatLayers.contains(layer) {
        try dequantize(layer)
        floatLayers.insert(layer)
      }
    }
    var layout = try ImportedQuantization.layout(network, floatLayers, budget)
    // Each layer that turns out to read floats can leave others without a unit.
    while true {
      let lacking = layout.integerLayers.filter { layer in
        let input = layout.inputs[layer][0]
        guard input >= 0 else { return false }
        return layout.groupOf[input].flatMap { quantization(of: layout.groups[$0], quantizations) } == nil
      }
      guard !lacking.isEmpty else { break }
      floatLayers.formUnion(lacking)
      layout = try ImportedQuantization.layout(network, floatLayers, budget)
    }
    var stored = 0
    var joined = 0
    var narrow = 0
    for group in layout.groups {
      guard let chosen = quantization(of: group, quantizations) else { continue }
      stored += 1
      for owner in group.owners { self.network.layers[owner].outputScale = chosen.scale }
      if group.members.contains(where: { quantizations[layers[$0].name].map { $0.scale != chosen.scale } ?? false }) {
        joined += 1
      }
      if chosen.top < 255 { narrow += 1 }
    }
    // Without an activation in 8 bits it is a float32 model, whatever its weights are.
    tell(stored > 0 ? layout.integerLayers : [], of: weighted, joined: joined, narrow: narrow)
  }

  /// The layout, which takes bytes in the place of weights to find out.
  private static func layout(_ network: Network, _ floatLayers: Set<Int>, _ budget: ValueBudget) throws(GoogLeNetError)
    -> QuantizationLayout
  {
    let weights = network.layers.reduce(0) { $0 + ($1.operation.weights?.count ?? 0) }
    return try budget.lend(weights) { () throws(GoogLeNetError) in
      try QuantizationLayout(network, floatLayers: floatLayers)
    }
  }

  /// That of what is last in the network, closest to the reader; nil where there is none, or one that does not fit.
  private func quantization(of group: QuantizationLayout.Group, _ quantizations: [String: ActivationQuantization])
    -> ActivationQuantization?
  {
    let found = group.members.last { quantizations[network.layers[$0].name] != nil }
    guard let found, let quantization = quantizations[network.layers[found].name], Float(quantization.top) <= group.top
    else { return nil }
    return quantization
  }

  private mutating func dequantize(_ layer: Int) throws(GoogLeNetError) {
    guard let weights = network.layers[layer].operation.weights else { return }
    network.layers[layer].operation.weights = try Tensor(dims: weights.dims, count: weights.count, budget) {
      weights.copyFloats(into: $0.baseAddress)
    }
  }

  private mutating func tell(_ integerLayers: [Int], of weighted: [Int], joined: Int, narrow: Int) {
    notes.append(
      "the file is quantized: \(integerLayers.count) of \(weighted.count) convolutions and inner products compute in int8, "
        + "with its own scales; pixels stay bytes, whatever its input is rounded to")
    let others = weighted.filter { !integerLayers.contains($0) }.map { "'\(network.layers[$0].name)'" }
    if !others.isEmpty {
      notes.append(
        "computed in float32, for their weights are no 8-bit integers, or their input has no 8-bit form without zero points, "
          + "or no scale: "
          + others.joined(separator: ", "))
    }
    if joined > 0 {
      notes.append("\(joined) activations are rounded once, where the file rounds them again to another scale")
    }
    if narrow > 0 {
      notes.append(
        "\(narrow) activations have fewer than 256 levels above 0 in the file: larger values are not clipped")
    }
  }
}
