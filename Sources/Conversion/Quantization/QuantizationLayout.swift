import GoogLeNet

/// Which layers of a network compute in int8, and which activations must share a unit because a concatenation joins them.
struct QuantizationLayout {
  /// Activations with one unit: the outputs of `owners`, and of the layers that inherit it.
  struct Group {
    /// The layers whose outputs are rounded.
    var owners: [Int]
    /// All layers whose outputs are stored in this unit.
    var members: [Int]
    /// The largest integer that can be stored.
    var top: Float
  }

  let groups: [Group]
  /// For each layer the group in which its output is stored; nil for float32.
  let groupOf: [Int?]
  /// Convolutions and inner products that compute in int8, in order.
  let integerLayers: [Int]
  /// For each layer the indices of the layers that it reads; −1 is the network's input.
  let inputs: [[Int]]
  /// What the pixels' channels are multiplied by, beyond the first one's scale, before their weights; nil where a
  /// convolution of pixels cannot compute in int8.
  let pixelFactors: [Float]?

  /// - Parameter floatLayers: layers that are to compute in float32.
  init(_ network: Network, floatLayers: Set<Int>) throws(GoogLeNetError) {
    let layers = network.layers
    var indices: [String: Int] = [network.inputName: -1]
    var inputs: [[Int]] = []
    for (index, layer) in layers.enumerated() {
      inputs.append(layer.inputs.map { indices[$0] ?? -1 })
      indices[layer.name] = index
    }
    self.inputs = inputs
    let scale = network.preprocessing.scale
    let factors = scale.allSatisfy { $0.isNormal } ? scale.map { $0 / scale[0] } : nil
    pixelFactors = factors

    var builder = Builder(layers: layers, inputs: inputs)
    builder.join()
    func isInteger(_ index: Int) -> Bool {
      guard layers[index].operation.weights != nil, !floatLayers.contains(index) else { return false }
      let input = inputs[index][0]
      return input < 0 ? factors != nil : builder.group(of: input) != nil
    }
    let needed = builder.needed(isInteger)
    groupOf = layers.indices.map { index in builder.group(of: index).flatMap { needed[$0] } }
    var groups = [Group](repeating: Group(owners: [], members: [], top: 255), count: needed.count)
    for (index, group) in groupOf.enumerated() {
      guard let group else { continue }
      groups[group].members.append(index)
      if builder.owners.contains(index) { groups[group].owners.append(index) }
    }
    integerLayers = layers.indices.filter(isInteger)
    self.groups = try QuantizationLayout.measured(groups, network, integerLayers, pixelFactors)
  }

  /// The integer layers in sets that read the same group, or pixels: if all of one compute in float32, what they read is not rounded.
  var readerSets: [[Int]] {
    var sets: [[Int]] = []
    var places: [Int: Int] = [:]
    for layer in integerLayers {
      let input = inputs[layer][0]
      let key = input < 0 ? -1 : groupOf[input] ?? -1
      if let place = places[key] {
        sets[place].append(layer)
      } else {
        places[key] = sets.count
        sets.append([layer])
      }
    }
    return sets
  }

  /// The groups with their largest integers, as the core understands a network laid out so.
  private static func measured(
    _ groups: [Group], _ network: Network, _ integerLayers: [Int], _ pixelFactors: [Float]?
  ) throws(GoogLeNetError) -> [Group] {
    var trial = network
    for group in groups {
      for owner in group.owners { trial.layers[owner].outputScale = 1 }
    }
    for index in integerLayers {
      guard let weights = trial.layers[index].operation.weights else { continue }
      guard let zeros = HeapBlock(byteCount: weights.count) else {
        throw GoogLeNetError(.outOfMemory, "no memory for the weights of layer '\(trial.layers[index].name)'")
      }
      let readsPixels = trial.layers[index].inputs == [network.inputName]
      trial.layers[index].operation.weights = Tensor(
        dims: weights.dims, elementType: .int8, scales: [Float](repeating: 1, count: weights.dims[0]),
        inputScales: readsPixels ? inputScales(pixelFactors ?? []) : [], bytes: zeros.bytes, owner: zeros)
    }
    let model = try Model(network: trial)
    var result = groups
    for index in result.indices {
      if let owner = result[index].owners.first, case .u16 = model.encodings[owner] { result[index].top = 65535 }
    }
    return result
  }

  /// The `inputScales` of weights that take pixels: what undoes `factors`; none where they are all 1.
  static func inputScales(_ factors: [Float]) -> [Float] {
    factors.allSatisfy { $0 == 1 } ? [] : factors.map { 1 / $0 }
  }

  private struct Builder {
    let layers: [Layer]
    let inputs: [[Int]]
    /// Layers that round their output.
    var owners: Set<Int> = []
    /// For each layer the representative of what shares its unit.
    private var parent: [Int]
    /// Whether the layer's output can be stored as integers.
    private var isStorable: [Bool]
    /// Representatives of what must stay float32, for something that it shares a concatenation with must.
    private var poisoned: Set<Int> = []

    init(layers: [Layer], inputs: [[Int]]) {
      self.layers = layers
      self.inputs = inputs
      parent = Array(layers.indices)
      isStorable = [Bool](repeating: false, count: layers.count)
    }

    private func root(_ layer: Int) -> Int {
      var root = layer
      while parent[root] != root { root = parent[root] }
      return root
    }

    /// The representative of a layer's group; nil for float32.
    func group(of layer: Int) -> Int? {
      isStorable[layer] && !poisoned.contains(root(layer)) ? root(layer) : nil
    }

    mutating func join() {
      var isNonNegative: [Bool] = []
      var spoiled: [Int] = []
      for (index, layer) in layers.enumerated() {
        let traits = layer.operation.traits
        isNonNegative.append(ActivationEncoding.isNonNegative(layer.operation, inputs[index], isNonNegative))
        if traits.staysFloat { continue }
        guard isNonNegative[index] else {
          spoiled += inputs[index].filter { traits.inheritance == .inputs && $0 >= 0 }
          continue
        }
        isStorable[index] = true
        if traits.inheritance == .inputs {
          for input in inputs[index] { parent[root(input)] = root(index) }
        } else if traits.inheritance == .input, inputs[index][0] >= 0, isStorable[inputs[index][0]] {
          parent[index] = root(inputs[index][0])
        } else {
          owners.insert(index)
        }
      }
      for layer in spoiled where isStorable[layer] { poisoned.insert(root(layer)) }
    }

    /// Numbers the groups that something reads in integers; the keys are their representatives.
    func needed(_ isInteger: (Int) -> Bool) -> [Int: Int] {
      var wanted: Set<Int> = []
      for index in layers.indices where isInteger(index) && inputs[index][0] >= 0 {
        wanted.insert(root(inputs[index][0]))
      }
      // Last layers first, so that a chain of them is followed to its beginning.
      for (index, layer) in layers.enumerated().reversed() where wanted.contains(root(index)) {
        guard let source = inputs[index].first, source >= 0, let group = group(of: source) else { continue }
        let traits = layer.operation.traits
        if traits.readsBytes {
          wanted.insert(group)
        } else if traits.readsWide {
          // Read in 16 bits, if convolutions in int8 write it.
          let areWritten = owners.filter { root($0) == group }.allSatisfy { owner in
            guard layers[owner].operation.traits.writesWide, let maker = inputs[owner].first, maker >= 0 else {
              return false
            }
            return isInteger(maker)
          }
          if areWritten { wanted.insert(group) }
        }
      }
      var numbers: [Int: Int] = [:]
      for group in wanted.sorted() { numbers[group] = numbers.count }
      return numbers
    }
  }
}
