import GoogLeNet

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// One quantization: what is known of the network's activations, and the layers that are rounded so far.
final class Calibration {
  /// A convolution or inner product in int8.
  private struct RoundedLayer {
    let weights: Tensor
    let bias: Tensor
  }

  private let network: Network
  private let model: Model
  private let options: QuantizationOptions
  private let progress: (QuantizationProgress) -> Void
  private let pictures: [CalibrationPicture]
  private let heldOut: [CalibrationPicture]
  private let team: WorkTeam
  private let layout: QuantizationLayout
  private let geometries: [Int: [WindowGeometry]]
  private let shapes: [Shape]

  /// The unit of each of the layout's groups.
  private var units: [Float] = []
  private var rounded: [Int: RoundedLayer] = [:]

  /// - Parameter network: in float32, its normalizations folded.
  init(
    _ network: Network, _ pictures: [CalibrationPicture], _ options: QuantizationOptions,
    _ progress: @escaping (QuantizationProgress) -> Void
  ) throws(GoogLeNetError) {
    self.network = network
    self.options = options
    self.progress = progress
    let every = options.heldOutEvery
    func isHeldOut(_ index: Int) -> Bool { every > 0 && index % every == every - 1 }
    self.pictures = pictures.indices.filter { !isHeldOut($0) }.map { pictures[$0] }
    heldOut = pictures.indices.filter(isHeldOut).map { pictures[$0] }
    team = try WorkTeam(threads: options.threads)
    model = try Model(network: network)
    layout = try QuantizationLayout(network, floatLayers: [])
    guard !layout.integerLayers.isEmpty else {
      throw GoogLeNetError(
        .unsupported, "no layer of the model can compute in int8: none reads pixels or what a ReLU gave")
    }
    let model = self.model
    shapes = network.layers.indices.map { model.layerSummary($0).shape }
    let pixels = WindowSource.pixelShape(network)
    var geometries: [Int: [WindowGeometry]] = [:]
    for layer in layout.integerLayers {
      let input = layout.inputs[layer][0]
      geometries[layer] = WindowGeometry.all(
        network.layers[layer].operation, input: input, shape: input < 0 ? pixels : shapes[input], output: shapes[layer])
    }
    self.geometries = geometries
  }

  func run() throws(GoogLeNetError) -> QuantizationResult {
    try collectRanges()
    try roundLayers()
    let floatLayers = try chooseFloatLayers()
    let network = try assemble(floatLayers: floatLayers)
    guard try Model(network: network).precision == .int8 else {
      throw GoogLeNetError(
        .invalidArgument,
        "with a float share of \(options.maxFloatShare) no activation is left to store in 8 bits: use a smaller one")
    }
    return QuantizationResult(network: network, report: try compare(network, floatLayers))
  }

  private func tell(_ phase: QuantizationProgress.Phase, _ done: Int, of total: Int) {
    progress(QuantizationProgress(phase: phase, done: done, total: total))
  }

  /// One pass in float32: the unit of each group.
  private func collectRanges() throws(GoogLeNetError) {
    let layers = layout.groups.flatMap(\.owners).sorted()
    let runner = try PictureRunner(network, layers: layers, threads: options.threads)
    var histograms = [ActivationHistogram](repeating: ActivationHistogram(), count: layers.count)
    for (number, picture) in pictures.enumerated() {
      try runner.run(picture)
      var isUsable = [Bool](repeating: true, count: layers.count)
      histograms.withUnsafeMutableBufferPointer { histograms in
        isUsable.withUnsafeMutableBufferPointer { isUsable in
          nonisolated(unsafe) let histograms = histograms
          nonisolated(unsafe) let isUsable = isUsable
          team.forEach(layers.count) { isUsable[$0] = histograms[$0].add(runner.output($0)) }
        }
      }
      if let place = isUsable.firstIndex(of: false) {
        throw GoogLeNetError(
          .invalidArgument,
          "layer '\(network.layers[layers[place]].name)' gives infinity or NaN for '\(picture.name)': "
            + "such a network cannot be quantized"
        )
      }
      tell(.ranges, number + 1, of: pictures.count)
    }
    for group in layout.groups { units.append(try unit(of: group, layers, histograms)) }
  }

  private func unit(of group: QuantizationLayout.Group, _ layers: [Int], _ histograms: [ActivationHistogram])
    throws(GoogLeNetError) -> Float
  {
    var joined = ActivationHistogram()
    for owner in group.owners {
      guard let place = layers.firstIndex(of: owner) else { continue }
      guard histograms[place].largest > histograms[place].smallest else {
        throw GoogLeNetError(
          .invalidArgument,
          "layer '\(network.layers[owner].name)' gives \(histograms[place].largest) everywhere, for every picture: "
            + "calibrate with other pictures, or the network is broken"
        )
      }
      joined.merge(histograms[place])
    }
    let unit = group.top > 255 ? joined.largest / group.top : joined.scale(options.rangeMethod)
    guard unit.isNormal else {
      throw GoogLeNetError(
        .invalidArgument,
        "layer '\(network.layers[group.owners[0]].name)' gives at most \(joined.largest), too little to be stored")
    }
    return unit
  }

  /// Layers that depend on none of their own stage, in the order in which they are computed.
  private var stages: [[Int]] {
    let integer = Set(layout.integerLayers)
    var depths: [Int] = []
    var stages: [[Int]] = []
    for (index, inputs) in layout.inputs.enumerated() {
      var depth = 0
      for input in inputs where input >= 0 { depth = max(depth, depths[input]) }
      if integer.contains(index) {
        if depth == stages.count { stages.append([]) }
        stages[depth].append(index)
        depth += 1
      }
      depths.append(depth)
    }
    return stages
  }

  /// Stage by stage, so that each layer's weights are fitted to inputs that come from rounded layers.
  private func roundLayers() throws(GoogLeNetError) {
    let stages = stages
    for (stage, layers) in stages.enumerated() {
      let wanted = Set(layers.flatMap { geometries[$0] ?? [] })
      let inputs = Set(wanted.map(\.input)).filter { $0 >= 0 }.sorted()
      let source = try WindowSource(
        try assemble(floatLayers: []), layers: inputs, shapes: shapes, threads: options.threads)
      var sums: [WindowGeometry: WindowSum] = [:]
      for geometry in wanted { sums[geometry] = try WindowSum(geometry, limit: options.windowsPerPicture) }
      for (number, picture) in pictures.enumerated() {
        try source.load(picture)
        for sum in sums.values { sum.add(source, picture: number, team) }
        tell(.weights, stage * pictures.count + number + 1, of: stages.count * pictures.count)
      }
      var roundings: [WindowGeometry: CompensatedRounding] = [:]
      for (geometry, sum) in sums { roundings[geometry] = try CompensatedRounding(sum.gram) }
      for layer in layers { rounded[layer] = try round(layer, roundings) }
    }
  }

  private func round(_ layer: Int, _ roundings: [WindowGeometry: CompensatedRounding]) throws(GoogLeNetError)
    -> RoundedLayer
  {
    let name = network.layers[layer].name
    guard let tensor = network.layers[layer].operation.weights, let geometries = geometries[layer] else {
      throw GoogLeNetError(.invalidArgument, "layer '\(name)' has no weights")
    }
    let outputs = tensor.dims[0]
    let bias = network.layers[layer].operation.bias?.floats() ?? [Float](repeating: 0, count: outputs)
    let input = layout.inputs[layer][0]
    let unit = input < 0 ? network.preprocessing.scale[0] : layout.groupOf[input].map { units[$0] } ?? 1
    guard let block = HeapBlock(byteCount: tensor.count) else {
      throw GoogLeNetError(.outOfMemory, "no memory for the weights of layer '\(name)'")
    }
    let bytes = block.mutableBytes.bindMemory(to: Int8.self)
    let all = weights(tensor, readsPixels: input < 0)
    var scales: [Float] = []
    let depth = tensor.count / outputs
    let rows = outputs / geometries.count
    for (group, geometry) in geometries.enumerated() {
      guard let rounding = roundings[geometry] else { continue }
      let first = group * rows
      // The bias must fit into the accumulator, with room for the sum.
      let least = (first..<first + rows).map { max(abs(bias[$0]) / abs(unit) * 0x1p-29, Float.leastNormalMagnitude) }
      let weights = Array(all[first * depth..<(first + rows) * depth])
      let result = rounding.round(weights, leastScales: least, team)
      for (index, value) in result.values.enumerated() { bytes[first * depth + index] = value }
      scales += result.scales
    }
    return RoundedLayer(
      weights: Tensor(
        dims: tensor.dims, elementType: .int8, scales: scales,
        inputScales: input < 0 ? QuantizationLayout.inputScales(layout.pixelFactors ?? []) : [], bytes: block.bytes,
        owner: block), bias: try Tensor(bias, dims: [outputs]))
  }

  /// The weights as they are rounded: those of pixels with the channels' scales in them.
  private func weights(_ tensor: Tensor, readsPixels: Bool) -> [Float] {
    var values = tensor.floats()
    guard readsPixels, let factors = layout.pixelFactors else { return values }
    let window = tensor.count / tensor.dims[0] / factors.count
    for index in values.indices { values[index] *= factors[index / window % factors.count] }
    return values
  }

  /// The network with all layers that are rounded so far, but those.
  private func assemble(floatLayers: Set<Int>) throws(GoogLeNetError) -> Network {
    let layout = floatLayers.isEmpty ? self.layout : try QuantizationLayout(network, floatLayers: floatLayers)
    var result = network
    for group in layout.groups {
      for owner in group.owners {
        guard let original = self.layout.groupOf[owner] else { continue }
        result.layers[owner].outputScale = units[original]
      }
    }
    for layer in layout.integerLayers {
      guard let it = rounded[layer] else { continue }
      result.layers[layer].operation.weights = it.weights
      result.layers[layer].operation.bias = it.bias
    }
    return result
  }

  /// Pictures that the choice of float32 layers is measured with.
  private static let sensitivityPictures = 32

  /// The layers whose rounding changes the probabilities most for their multiply-adds, within the budget.
  private func chooseFloatLayers() throws(GoogLeNetError) -> Set<Int> {
    let budget = options.maxFloatShare * Double(model.multiplyAddCount)
    let affordable = layout.integerLayers.filter { Double(multiplyAdds($0)) <= budget }
    guard !affordable.isEmpty else { return [] }
    let sample = Array(pictures.prefix(Calibration.sensitivityPictures))
    let float = try PictureRunner(network, layers: [], threads: options.threads)
    var reference: [[Float]] = []
    for picture in sample { reference.append(try float.probabilities(picture)) }
    func variation(_ floatLayers: Set<Int>) throws(GoogLeNetError) -> Double {
      let runner = try PictureRunner(try assemble(floatLayers: floatLayers), layers: [], threads: options.threads)
      var comparison = ProbabilityComparison()
      for (picture, wanted) in zip(sample, reference) { comparison.add(try runner.probabilities(picture), wanted) }
      return comparison.totalVariation
    }
    let whole = try variation([])
    var gains: [(layer: Int, gain: Double)] = []
    for (number, layer) in affordable.enumerated() {
      let gain = whole - (try variation([layer]))
      if gain > 0 { gains.append((layer, gain / Double(multiplyAdds(layer)))) }
      tell(.sensitivity, number + 1, of: affordable.count)
    }
    gains.sort { $0.gain != $1.gain ? $0.gain > $1.gain : $0.layer < $1.layer }
    var chosen: Set<Int> = []
    var spent = 0.0
    for (layer, _) in gains where spent + Double(multiplyAdds(layer)) <= budget {
      chosen.insert(layer)
      spent += Double(multiplyAdds(layer))
    }
    return chosen
  }

  private func multiplyAdds(_ layer: Int) -> UInt64 { model.layerSummary(layer).multiplyAddCount }

  /// What reads a layer alone, if it is a ReLU, or else the layer itself: the first output that both precisions store.
  private func stored(_ layer: Int) -> Int {
    let readers = layout.inputs.indices.filter { layout.inputs[$0].contains(layer) }
    guard readers.count == 1, case .relu = network.layers[readers[0]].operation else { return layer }
    return readers[0]
  }

  private func compare(_ result: Network, _ floatLayers: Set<Int>) throws(GoogLeNetError) -> QuantizationReport {
    let layers = layout.integerLayers
    let observed = layers.map(stored)
    let float = try PictureRunner(network, layers: observed, threads: options.threads)
    let integer = try PictureRunner(result, layers: observed, threads: options.threads)
    var signals = [Double](repeating: 0, count: layers.count)
    var noises = signals
    var comparison = ProbabilityComparison()
    // Where none are held out, the signal-to-noise ratios are those of some calibration pictures.
    let sample = heldOut.isEmpty ? Array(pictures.prefix(Calibration.sensitivityPictures)) : heldOut
    for (number, picture) in sample.enumerated() {
      try float.run(picture)
      try integer.run(picture)
      for place in layers.indices {
        for (value, other) in zip(float.output(place), integer.output(place)) {
          let difference = Double(value) - Double(other)
          signals[place] += Double(value) * Double(value)
          noises[place] += difference * difference
        }
      }
      comparison.add(try integer.probabilities(picture), try float.probabilities(picture))
      tell(.comparison, number + 1, of: sample.count)
    }
    let floatCount = floatLayers.reduce(0) { $0 + multiplyAdds($1) }
    return QuantizationReport(
      layers: layers.indices.map { place in
        QuantizationReport.LayerReport(
          name: network.layers[layers[place]].name,
          signalToNoise: 10 * log10(signals[place] / noises[place]),
          multiplyAddCount: multiplyAdds(layers[place]), isFloat: floatLayers.contains(layers[place]))
      }, calibrationPictures: pictures.count, heldOutPictures: heldOut.count,
      agreement: heldOut.isEmpty ? nil : comparison.agreement,
      totalVariation: heldOut.isEmpty ? nil : comparison.totalVariation,
      floatShare: Double(floatCount) / Double(max(model.multiplyAddCount, 1)))
  }
}
