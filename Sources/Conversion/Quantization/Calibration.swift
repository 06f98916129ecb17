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
  /// Layers that can compute in int8.
  private let quantizable: [Int]
  private let geometries: [Int: [WindowGeometry]]
  private let shapes: [Shape]

  /// What the layers that round their outputs give.
  private var histograms: [Int: ActivationHistogram] = [:]
  private var layout: QuantizationLayout
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
    let layout = try QuantizationLayout(network, floatLayers: [])
    // Convolutions of pixels alone would make no int8 model: nothing would be stored in 8 bits.
    guard !layout.groups.isEmpty else {
      throw GoogLeNetError(
        .unsupported, "the model cannot compute in int8: no convolution or inner product reads what a ReLU gave")
    }
    self.layout = layout
    quantizable = layout.integerLayers
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
    if !floatLayers.isEmpty {
      rounded = [:]
      try keep(floatLayers)
      try roundLayers()
    }
    let network = assemble()
    return QuantizationResult(network: network, report: try compare(network))
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
    for (layer, histogram) in zip(layers, histograms) { self.histograms[layer] = histogram }
    try keep([])
  }

  private func unit(of group: QuantizationLayout.Group) throws(GoogLeNetError) -> Float {
    var joined = ActivationHistogram()
    for owner in group.owners {
      guard let histogram = histograms[owner] else { continue }
      guard histogram.largest > histogram.smallest else {
        throw GoogLeNetError(
          .invalidArgument,
          "layer '\(network.layers[owner].name)' gives \(histogram.largest) everywhere, for every picture: "
            + "calibrate with other pictures, or the network is broken"
        )
      }
      joined.merge(histogram)
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
        assemble(), layers: inputs, shapes: shapes, threads: options.threads)
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

  /// The network as it is rounded so far.
  private func assemble() -> Network {
    var result = network
    for (group, unit) in zip(layout.groups, units) {
      for owner in group.owners { result.layers[owner].outputScale = unit }
    }
    for (layer, it) in rounded {
      result.layers[layer].operation.weights = it.weights
      result.layers[layer].operation.bias = it.bias
    }
    return result
  }

  /// Lays the network out anew, with those layers in float32.
  private func keep(_ floatLayers: Set<Int>) throws(GoogLeNetError) {
    layout = try QuantizationLayout(network, floatLayers: floatLayers)
    units = []
    for group in layout.groups { units.append(try unit(of: group)) }
    rounded = rounded.filter { !floatLayers.contains($0.key) }
  }

  /// Pictures that the choice of float32 layers is measured with.
  private static let sensitivityPictures = 32

  /// The layers that reduce the loss most if they stay in float32, within the budget.
  ///
  /// Layers that read the same activation are taken together: then it needs no rounding either, which costs more than that of the
  /// weights. What each set loses is measured with everything else in float32, where it stands out from no other rounding. Losses
  /// are squares of total variations, for rounding errors of different places add up like these.
  private func chooseFloatLayers() throws(GoogLeNetError) -> Set<Int> {
    let sets = layout.readerSets
    let budget = UInt64(options.maxFloatShare * Double(model.multiplyAddCount))
    guard sets.contains(where: { multiplyAdds($0) <= budget }) else { return [] }
    let all = Set(layout.integerLayers)
    let whole = rounded
    let sample = Array(pictures.prefix(Calibration.sensitivityPictures))
    let float = try PictureRunner(network, layers: [], threads: options.threads)
    var references: [[Float]] = []
    for picture in sample { references.append(try float.probabilities(picture)) }
    var losses: [Double] = []
    for (number, layers) in sets.enumerated() {
      rounded = whole
      try keep(all.subtracting(layers))
      let runner = try PictureRunner(assemble(), layers: [], threads: options.threads)
      var comparison = ProbabilityComparison()
      for (picture, reference) in zip(sample, references) {
        comparison.add(try runner.probabilities(picture), reference)
      }
      losses.append(comparison.totalVariation * comparison.totalVariation)
      tell(.sensitivity, number + 1, of: sets.count)
    }
    // An int8 model is asked for: the set that loses least stays, and is not one that reads pixels.
    let least = sets.indices.filter { layout.inputs[sets[$0][0]][0] >= 0 }.min { losses[$0] < losses[$1] }
    let affordable = sets.indices.filter { $0 != least }
    let chosen = Knapsack.best(
      affordable.map { Knapsack.Item(cost: multiplyAdds(sets[$0]), gain: losses[$0]) },
      budget: budget)
    rounded = whole
    try keep([])
    return Set(chosen.flatMap { sets[affordable[$0]] })
  }

  private func multiplyAdds(_ layers: some Sequence<Int>) -> UInt64 { layers.reduce(0) { $0 + multiplyAdds($1) } }

  private func multiplyAdds(_ layer: Int) -> UInt64 { model.layerSummary(layer).multiplyAddCount }

  /// What reads a layer alone, if it is a ReLU, or else the layer itself: the first output that both precisions store.
  private func stored(_ layer: Int) -> Int {
    let readers = layout.inputs.indices.filter { layout.inputs[$0].contains(layer) }
    guard readers.count == 1, network.layers[readers[0]].operation.traits.isRectifier else { return layer }
    return readers[0]
  }

  private func compare(_ result: Network) throws(GoogLeNetError) -> QuantizationReport {
    let layers = quantizable
    let floatLayers = Set(layers).subtracting(layout.integerLayers)
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
    return QuantizationReport(
      layers: layers.indices.map { place in
        QuantizationReport.LayerReport(
          name: network.layers[layers[place]].name,
          signalToNoise: 10 * log10(signals[place] / noises[place]),
          multiplyAddCount: multiplyAdds(layers[place]), isFloat: floatLayers.contains(layers[place]))
      }, calibrationPictures: pictures.count, heldOutPictures: heldOut.count,
      agreement: heldOut.isEmpty ? nil : comparison.agreement,
      totalVariation: heldOut.isEmpty ? nil : comparison.totalVariation,
      floatShare: Double(multiplyAdds(floatLayers)) / Double(max(model.multiplyAddCount, 1)))
  }
}
