/// How a layer's output is stored between layers: `output_scale` of googlenet.proto, resolved.
public enum ActivationEncoding: Equatable, Sendable {
  case float32
  /// x = byte * scale, 0 to 255.
  case u8(scale: Float)
  /// x = integer * scale, 0 to 65535.
  case u16(scale: Float)

  /// Bytes a value.
  var size: Int {
    switch self {
    case .float32: 4
    case .u8: 1
    case .u16: 2
    }
  }

  /// The exponent of the normalization that integer kernels compute.
  public static let normalizationBeta: Float = 0.75

  /// The encodings of a network's layers.
  /// - Parameter inputs: for each layer the indices of the layers that it reads; −1 is the network's input.
  /// - Throws: `invalidModel` where the scales contradict each other or their layers.
  static func encodings(of layers: [Layer], inputs: [[Int]], source: String) throws(GoogLeNetError)
    -> [ActivationEncoding]
  {
    var scales: [Float?] = []
    var inherits: [Bool] = []
    var isNonNegative: [Bool] = []
    for (index, layer) in layers.enumerated() {
      let traits = layer.operation.traits
      let inherited = try inheritedScale(layer, traits, inputs[index], scales, source)
      isNonNegative.append(self.isNonNegative(traits, inputs[index], isNonNegative))
      if let scale = layer.outputScale {
        guard scale > 0, scale.isNormal else {
          throw invalid(source, layer, "has an output scale of \(scale): it must be a normal number above 0")
        }
        guard isNonNegative[index] else {
          throw invalid(source, layer, "has an output scale, but its output may be negative: a ReLU must come first")
        }
        // An alias is another name for what it reads, and the network's output stays float32: both would ignore it.
        guard !traits.isAlias || inherited != nil else {
          throw invalid(source, layer, "has an output scale: give it to the layer that the dropout reads")
        }
        guard index < layers.count - 1 else {
          throw invalid(source, layer, "has an output scale, but the network's output is not rounded")
        }
        guard inherited == nil || inherited == scale else {
          throw invalid(
            source, layer, "has an output scale of \(scale) and inherits \(inherited ?? 0): they must be equal")
        }
        if traits.usesScaleRatio, let input = inputs[index].first, input >= 0, let read = scales[input],
          !(read * (1 / scale)).isNormal
        {
          throw invalid(
            source, layer, "has an output scale of \(scale) and reads one of \(read): their ratio is beyond float32")
        }
      }
      inherits.append(inherited != nil)
      scales.append(inherited ?? layer.outputScale)
    }
    return resolve(layers, inputs, scales, inherits)
  }

  /// The scale that a layer's output takes over from what it reads.
  /// - Parameter scales: of all earlier layers' outputs.
  private static func inheritedScale(
    _ layer: Layer, _ traits: OperatorTraits, _ inputs: [Int], _ scales: [Float?], _ source: String
  ) throws(GoogLeNetError) -> Float? {
    guard let first = inputs.first, traits.inheritance != .nothing else { return nil }
    let inherited = first < 0 ? nil : scales[first]
    if traits.inheritance == .inputs {
      for input in inputs where (input < 0 ? nil : scales[input]) != inherited {
        throw invalid(source, layer, "joins outputs of different output scales: they must be equal, or all absent")
      }
    }
    return inherited
  }

  private static func resolve(_ layers: [Layer], _ inputs: [[Int]], _ scales: [Float?], _ inherits: [Bool])
    -> [ActivationEncoding]
  {
    var isRead = [Bool](repeating: false, count: layers.count)
    var readWide = [Bool](repeating: true, count: layers.count)
    for index in layers.indices.reversed() {
      let traits = layers[index].operation.traits
      let wide =
        traits.inheritance == .input
        ? inherits[index] && isRead[index] && readWide[index] : traits.readsWide && scales[index] != nil
      for input in inputs[index] where input >= 0 {
        isRead[input] = true
        readWide[input] = readWide[input] && wide
      }
    }
    var encodings: [ActivationEncoding] = []
    /// Behind a chain of batch normalizations.
    var makers: [Int] = []
    for (index, layer) in layers.enumerated() {
      let traits = layer.operation.traits
      let input = inputs[index][0]
      makers.append(traits.normalization == nil ? index : input < 0 ? -1 : makers[input])
      guard let scale = scales[index] else {
        encodings.append(.float32)
        continue
      }
      if inherits[index] {
        encodings.append(encodings[input])
      } else if traits.writesWide, isRead[index], readWide[index], input >= 0,
        isInteger(makers[input], layers, inputs, encodings)
      {
        encodings.append(.u16(scale: scale))
      } else {
        encodings.append(.u8(scale: scale))
      }
    }
    return encodings
  }

  /// Whether a layer is a convolution or inner product that computes in int8; −1 is the network's input.
  private static func isInteger(
    _ maker: Int, _ layers: [Layer], _ inputs: [[Int]], _ encodings: [ActivationEncoding]
  ) -> Bool {
    guard maker >= 0, layers[maker].operation.traits.weights?.elementType.isInteger == true else { return false }
    guard inputs[maker][0] >= 0 else { return true }
    if case .u8 = encodings[inputs[maker][0]] { return true }
    return false
  }

  /// Whether the output cannot be negative.
  /// - Parameters:
  ///   - inputs: the layers that it reads; −1 is the network's input.
  ///   - known: the answers for all earlier layers.
  public static func isNonNegative(_ operation: Operation, _ inputs: [Int], _ known: [Bool]) -> Bool {
    isNonNegative(operation.traits, inputs, known)
  }

  private static func isNonNegative(_ traits: OperatorTraits, _ inputs: [Int], _ known: [Bool]) -> Bool {
    switch traits.sign {
    case .any: false
    case .nonNegative: true
    case .asInputs: inputs.allSatisfy { $0 >= 0 && known[$0] }
    }
  }

  private static func invalid(_ source: String, _ layer: Layer, _ what: String) -> GoogLeNetError {
    GoogLeNetError(.invalidModel, "\(source): layer '\(layer.name)' \(what)")
  }
}
