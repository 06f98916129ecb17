@testable import GoogLeNet

/// Makes valid networks out of choices: every kind of layer with every option, float32 and int8. Values stay moderate, unless
/// the network is made to overflow.
struct NetworkGenerator {
  /// The output of a layer, or the network's input.
  private struct Value {
    let name: String
    let shape: Shape
    /// Of the unsigned integers that an int8 model stores it as.
    var scale: Float?
    var isNonNegative = false
  }

  private var choices: Choices
  private let limits: RandomNetwork.Limits
  private var tensors: TensorGenerator
  private var preprocessing: Preprocessing
  private var layers: [Layer] = []
  private var values: [Value] = []
  private var work = 0

  /// Whether it has output scales, and whether everything that can be is computed in integers.
  private let isQuantized: Bool
  private let isPure: Bool
  /// Whether nothing but convolutions of bytes leads from the pixels to the end.
  private let isStrict: Bool
  private let usualScale: Float
  private let isExtreme: Bool
  private var mayBeRefused = false

  /// The bytes that are left are the caller's.
  static func network(_ choices: inout Choices, limits: RandomNetwork.Limits = RandomNetwork.Limits()) -> RandomNetwork
  {
    var generator = NetworkGenerator(choices, limits)
    if generator.isStrict { generator.addStem() }
    generator.addLayers()
    generator.addHead()
    choices = generator.choices
    return generator.result()
  }

  private init(_ choices: Choices, _ limits: RandomNetwork.Limits) {
    var choices = choices
    isQuantized = choices.chance(60)
    isPure = isQuantized && choices.chance(55)
    isStrict = isPure && choices.chance(75)
    isExtreme = choices.chance(4)
    usualScale = choices.pick([0.02, 0.01, 0.05])
    tensors = TensorGenerator(random: choices.randomNumbers())
    let order = choices.pick([Preprocessing.ChannelOrder.rgb, .bgr, .gray, .bgr])
    let (height, width) = (choices.number(1...limits.side), choices.number(1...limits.side))
    let sameScale = isStrict || choices.chance(60)
    let scale = choices.real(0.004...0.03)
    let wholeMeans = choices.chance(50)
    preprocessing = Preprocessing(
      inputHeight: height, inputWidth: width, channelOrder: order,
      mean: (0..<order.channels).map { _ in
        let mean = choices.real(-20...280)
        return wholeMeans ? mean.rounded() : mean
      },
      scale: (0..<order.channels).map { _ in sameScale ? scale : choices.real(0.004...0.03) },
      shortSide: max(height, width) + choices.number(0...9),
      resizeRule: choices.pick(Preprocessing.ResizeRule.allCases))
    self.choices = choices
    self.limits = limits
    values = [
      Value(name: "data", shape: Shape(channels: order.channels, height: height, width: width))
    ]
  }

  private mutating func result() -> RandomNetwork {
    let classes = values[values.count - 1].shape.channels
    let labels = choices.chance(30) ? (0..<classes).map { "class \($0)" } : []
    let metadata = (0..<(choices.chance(20) ? choices.number(1...3) : 0)).map {
      MetadataEntry(key: "key \($0)", value: choices.pick(["", "value", "two\nlines ü"]))
    }
    return RandomNetwork(
      network: Network(
        name: "random", producer: "NetworkGenerator", preprocessing: preprocessing, labels: labels, inputName: "data",
        layers: layers, metadata: metadata),
      isExtreme: isExtreme, mayBeRefused: mayBeRefused)
  }

  // MARK: Layers

  /// Adds a layer, unless it does not fit its inputs or makes the network too large.
  /// - Parameters:
  ///   - scale: of its own.
  ///   - inherited: the scale that it takes over from its inputs.
  ///   - isNeeded: whether it is added however much work there is.
  @discardableResult
  private mutating func add(
    _ operation: GoogLeNet.Operation, of inputs: [Value], scale: Float? = nil, inherited: Float? = nil,
    isNeeded: Bool = false
  ) -> Value? {
    var layer = Layer(name: "l\(layers.count)", inputs: inputs.map(\.name), operation: operation, outputScale: scale)
    guard let shape = try? ShapeInference(source: "random").shape(of: layer, inputs.map(\.shape)) else { return nil }
    var cost = shape.count
    switch operation {
    case .convolution(let it): cost += it.weights.count * shape.height * shape.width
    case .innerProduct(let it): cost += it.weights.count
    case .pooling(let it):
      cost += it.global ? inputs[0].shape.count : shape.count * it.kernelHeight * it.kernelWidth / 4
    default: break
    }
    guard isNeeded || work + cost <= limits.work && shape.channels <= 400 else { return nil }
    work += cost
    // A scale of its own that repeats what it inherits is allowed.
    if let inherited, choices.chance(5) { layer.outputScale = inherited }
    layers.append(layer)
    let isNonNegative = ActivationEncoding.isNonNegative(
      operation, Array(inputs.indices), inputs.map(\.isNonNegative))
    let value = Value(
      name: layer.name, shape: shape, scale: inherited ?? layer.outputScale, isNonNegative: isNonNegative)
    values.append(value)
    return value
  }

  private mutating func source() -> Value {
    if choices.chance(70) { return values[values.count - 1] }
    return choices.pick(isStrict && values.count > 1 ? Array(values.dropFirst()) : values)
  }

  private mutating func scale(percent: Int) -> Float? {
    guard isQuantized, choices.chance(percent) else { return nil }
    return choices.chance(75) ? usualScale : choices.pick([0.02, 0.01, 0.05, 0.037])
  }

  private mutating func addLayers() {
    while layers.count < limits.layers, choices.chance(94) {
      let input = source()
      switch choices.number(0...99) {
      case 0..<32: addConvolution(of: input)
      case 32..<52: addModule(of: input)
      case 52..<65: addPooling(of: input)
      case 65..<70: addConcatenation(with: input)
      case 70..<74: addSum(with: input)
      case 74..<77: add(.dropout, of: [input], inherited: input.scale)
      case 77..<82: addNormalization(of: input)
      case 82..<86: if !isStrict { addBatchNormalizations(of: input) }
      case 86..<88: addReLU(of: input)
      case 88..<97: addActivation(of: input)
      case 97..<99: addInnerProduct(of: input, outputs: channels())
      default:
        add(.softmax, of: [input], scale: scale(percent: 30))
      }
    }
  }

  /// A convolution of the pixels, and often a normalization of what it stores in 16 bits.
  private mutating func addStem() {
    let side = choices.pick([3, 1, 5, 7])
    let dims = [channels(), preprocessing.channelOrder.channels, side, side]
    var it = Convolution(weights: weights(dims, elementType()), bias: bias(dims[0]))
    it.border = border(Padding(top: side / 2, left: side / 2, bottom: side / 2, right: side / 2))
    guard let output = add(.convolution(it), of: [values[0]]), let relu = addReLU(of: output) else { return }
    if choices.chance(60) { addNormalization(of: relu) }
  }

  private mutating func channels() -> Int {
    choices.chance(60) ? choices.number(1...8) : choices.number(1...40)
  }

  private mutating func elementType() -> ElementType {
    if isPure { return choices.chance(80) ? .int8 : .int16 }
    return isQuantized
      ? choices.pick([.float32, .int8, .int8, .int16, .int8, .float16])
      : choices.pick([.float32, .float16, .float32, .int8, .float32, .int16])
  }

  private mutating func weights(_ dims: [Int], _ type: ElementType, inputScales: [Float] = []) -> Tensor {
    let depth = Float(dims.dropFirst().reduce(1, *))
    let magnitude = 2.4 / depth.squareRoot() * (isExtreme && choices.chance(40) ? choices.pick([1e20, 1e30, 1e38]) : 1)
    let limited = type == .float16 ? min(magnitude, 60_000) : magnitude
    return tensors.tensor(dims, type, magnitude: limited, inputScales: inputScales)
  }

  private mutating func bias(_ count: Int) -> Tensor? {
    guard choices.chance(65) else { return nil }
    return tensors.tensor([count], choices.pick([.float32, .float32, .float32, .float16, .int8]), magnitude: 0.5)
  }

  /// A scale for each input channel of integer weights, or none.
  private mutating func inputScales(_ type: ElementType, of input: Value, channels: Int, groups: Int) -> [Float] {
    guard type.isInteger else { return [] }
    guard input.name == "data", groups == 1 else {
      guard choices.chance(2) else { return [] }
      mayBeRefused = true
      return (0..<channels).map { _ in choices.real(0.5...2) }
    }
    let scale = preprocessing.scale
    let undone = scale.map { scale[0] / $0 }
    if undone.contains(where: { $0 != 1 }), choices.chance(85) { return undone }
    return choices.chance(5) ? undone.map { $0 * 1.5 } : []
  }

  /// So much padding, or a rule.
  private mutating func border(_ padding: Padding) -> Border {
    choices.chance(35) ? .same(extraFirst: choices.chance(50)) : .explicit(padding)
  }

  private mutating func addConvolution(of input: Value) {
    var groups = 1
    if choices.chance(20) {
      groups = choices.pick((1...input.shape.channels).filter { input.shape.channels % $0 == 0 })
    }
    let outputs = groups == 1 ? channels() : groups * choices.number(1...max(1, 24 / groups))
    let inputs = input.shape.channels / groups
    var (height, width) = (1, 1)
    var padding = Padding()
    let isUsual = choices.chance(60)
    if isUsual {
      height = choices.pick([1, 3, 3, 5, 7])
      width = height
      padding = Padding(top: height / 2, left: height / 2, bottom: height / 2, right: height / 2)
    } else {
      (height, width) = (choices.number(1...6), choices.number(1...6))
      padding = Padding(
        top: choices.number(0...6), left: choices.number(0...6), bottom: choices.number(0...6),
        right: choices.number(0...6))
    }
    guard work + outputs * inputs * height * width < limits.work else { return }
    let type = elementType()
    let scales = inputScales(type, of: input, channels: inputs, groups: groups)
    var it = Convolution(weights: weights([outputs, inputs, height, width], type, inputScales: scales))
    it.bias = bias(outputs)
    it.border = border(padding)
    it.groups = groups
    if isUsual {
      if choices.chance(20) { (it.strideHeight, it.strideWidth) = (2, 2) }
    } else {
      (it.strideHeight, it.strideWidth) = (choices.number(1...4), choices.number(1...4))
      if choices.chance(40) { (it.dilationHeight, it.dilationWidth) = (choices.number(1...3), choices.number(1...3)) }
    }
    guard let output = add(.convolution(it), of: [input]) else { return }
    addFollowers(of: output)
  }

  /// Branches that keep the size, joined. Some read another branch, whose output is then both read by itself and a part of the whole.
  private mutating func addModule(of input: Value) {
    var branches: [Value] = []
    for _ in 0..<choices.number(2...4) {
      var source = input
      if let branch = branches.last, choices.chance(60) { source = branch }
      let side = choices.pick([3, 1, 5, 3])
      if side == 3, source.name == input.name, choices.chance(25) {
        var pooling = Pooling(choices.chance(30) ? .average : .max)
        (pooling.kernelHeight, pooling.kernelWidth) = (3, 3)
        pooling.border = .explicit(Padding(top: 1, left: 1, bottom: 1, right: 1))
        source = addPooling(pooling, of: source) ?? source
      }
      let (outputs, inputs) = (choices.number(1...12), source.shape.channels)
      guard work + outputs * inputs * side * side < limits.work else { break }
      let type = elementType()
      let scales = inputScales(type, of: source, channels: inputs, groups: 1)
      var it = Convolution(
        weights: weights([outputs, inputs, side, side], type, inputScales: scales), bias: bias(outputs))
      it.border = .explicit(Padding(top: side / 2, left: side / 2, bottom: side / 2, right: side / 2))
      guard let output = add(.convolution(it), of: [source]) else { break }
      // Only outputs of the same scale can be joined.
      if let relu = add(.relu, of: [output], scale: isQuantized ? usualScale : nil) { branches.append(relu) }
    }
    guard let first = branches.first else { return }
    add(.concat, of: branches, inherited: first.scale)
  }

  /// What usually comes after a layer with weights.
  private mutating func addFollowers(of output: Value) {
    var output = output
    if choices.chance(30) { output = addBatchNormalizations(of: output) ?? output }
    guard choices.chance(isPure ? 97 : 80), let relu = addReLU(of: output) else { return }
    if choices.chance(20) { addNormalization(of: relu) }
  }

  @discardableResult
  private mutating func addReLU(of input: Value) -> Value? {
    add(
      .relu, of: [input], scale: input.scale == nil ? scale(percent: isPure ? 100 : 80) : nil, inherited: input.scale)
  }

  @discardableResult
  private mutating func addBatchNormalizations(of input: Value) -> Value? {
    var last: Value?
    for _ in 0..<choices.number(1...3) {
      let source = last ?? input
      let channels = source.shape.channels
      var it = BatchNormalization()
      if choices.chance(65) {
        it.mean = tensors.vector(channels, -0.3...0.3)
        it.variance =
          isExtreme && choices.chance(30)
          ? tensors.vector(channels, 0...1e-30) : tensors.vector(channels, 0.3...2)
        it.epsilon = choices.pick([1e-5, 1e-3, 1])
      }
      if choices.chance(65) { it.scale = tensors.vector(channels, choices.chance(20) ? -1.5...1.5 : 0.5...1.5) }
      if choices.chance(65) { it.shift = tensors.vector(channels, -0.4...0.4) }
      guard let output = add(.batchNormalization(it), of: [source]) else { break }
      last = output
    }
    return last
  }

  private mutating func addNormalization(of input: Value) {
    var it = LocalResponseNormalization(
      size: choices.pick([5, 1, 3, 7, 9, 31, 255, 2047]), alpha: choices.real(0...(choices.chance(20) ? 1 : 0.01)),
      beta: choices.pick([0.75, 0.75, 0.75, 0.5, 1, 0.3, 0]), k: choices.real(0.5...2),
      alphaPerElement: choices.chance(40))
    if isStrict { it.beta = ActivationEncoding.normalizationBeta }
    add(
      .localResponseNormalization(it), of: [input],
      scale: input.isNonNegative ? scale(percent: isStrict ? 100 : 85) : nil)
  }

  private mutating func addPooling(of input: Value) {
    var it = Pooling(choices.chance(50) ? .average : .max)
    it.countIncludesPadding = choices.chance(50)
    it.rounding = choices.chance(50) ? .ceil : .floor
    if choices.chance(10) {
      it.global = true
    } else if choices.chance(50) {
      (it.kernelHeight, it.kernelWidth) = (3, 3)
      let stride = choices.number(1...2)
      (it.strideHeight, it.strideWidth) = (stride, stride)
      let side = choices.number(0...1)
      it.border = border(Padding(top: side, left: side, bottom: side, right: side))
    } else {
      (it.kernelHeight, it.kernelWidth) = (choices.number(1...7), choices.number(1...7))
      (it.strideHeight, it.strideWidth) = (choices.number(1...4), choices.number(1...4))
      it.border = border(
        Padding(
          top: choices.number(0...it.kernelHeight - 1), left: choices.number(0...it.kernelWidth - 1),
          bottom: choices.number(0...it.kernelHeight - 1), right: choices.number(0...it.kernelWidth - 1)))
    }
    addPooling(it, of: input)
  }

  @discardableResult
  private mutating func addPooling(_ it: Pooling, of input: Value, isNeeded: Bool = false) -> Value? {
    let passesOn = it.method == .max && input.scale != nil
    return add(
      .pooling(it), of: [input], scale: !passesOn && input.isNonNegative ? scale(percent: isStrict ? 100 : 60) : nil,
      inherited: it.method == .max ? input.scale : nil, isNeeded: isNeeded)
  }

  /// Of what has the same shape, whatever its scale.
  private mutating func addSum(with input: Value) {
    let peers = values.filter { $0.shape == input.shape && (!isStrict || $0.name != "data") }
    var inputs = [input]
    for _ in 0..<choices.number(1...3) { inputs.append(choices.pick(peers.isEmpty ? [input] : peers)) }
    let isNonNegative = inputs.allSatisfy(\.isNonNegative)
    guard
      let sum = add(
        .sum, of: choices.shuffled(inputs), scale: isNonNegative ? scale(percent: isStrict ? 100 : 60) : nil)
    else {
      return
    }
    if choices.chance(isStrict ? 100 : 50) { addReLU(of: sum) }
  }

  private mutating func addActivation(of input: Value) {
    switch choices.number(0...2) {
    case 0: add(.sigmoid, of: [input], scale: scale(percent: isStrict ? 100 : 70))
    case 1 where !isStrict:
      let slopes = tensors.vector(choices.chance(50) ? 1 : input.shape.channels, -0.5...1.5)
      add(.prelu(PReLU(slopes: slopes)), of: [input], scale: input.isNonNegative ? scale(percent: 50) : nil)
    default:
      add(
        .clippedReLU(ClippedReLU(maximum: choices.pick([6, 1, 0.5, 2.5]))), of: [input],
        scale: scale(percent: isStrict ? 100 : 70))
    }
  }

  private mutating func addConcatenation(with input: Value) {
    let peers = values.filter {
      $0.shape.height == input.shape.height && $0.shape.width == input.shape.width && $0.scale == input.scale
    }
    var inputs = [input]
    for _ in 0..<choices.number(0...3) { inputs.append(choices.pick(peers)) }
    let isNonNegative = inputs.allSatisfy(\.isNonNegative)
    add(
      .concat, of: choices.shuffled(inputs),
      scale: input.scale == nil && isNonNegative ? scale(percent: 30) : nil, inherited: input.scale)
  }

  @discardableResult
  private mutating func addInnerProduct(of input: Value, outputs: Int) -> Value? {
    guard work + outputs * input.shape.count < limits.work else { return nil }
    let type = elementType()
    var scales: [Float] = []
    if type.isInteger, choices.chance(2) {
      mayBeRefused = true
      scales = (0..<input.shape.count).map { $0 % 2 == 0 ? 0.5 : 2 }
    }
    var it = InnerProduct(weights: weights([outputs, input.shape.count], type, inputScales: scales))
    it.bias = bias(outputs)
    return add(.innerProduct(it), of: [input])
  }

  // MARK: Head

  /// Adds what makes it a classifier.
  private mutating func addHead() {
    // There must be an end even where the work is used up.
    work = 0
    let input = source()
    var last: Value?
    switch choices.number(0...99) {
    case 0..<40: last = addClassifier(of: globalPooling(of: input))
    case 40..<70: last = addClassifier(of: input)
    case 70..<80:
      let type = elementType()
      let scales = inputScales(type, of: input, channels: input.shape.channels, groups: 1)
      let weights = weights([channels(), input.shape.channels, 1, 1], type, inputScales: scales)
      let it = Convolution(weights: weights, bias: bias(weights.dims[0]))
      last = globalPooling(of: add(.convolution(it), of: [input]) ?? input)
    case 80..<90:
      let pooled = globalPooling(of: input)
      let flat = values.filter { $0.shape.height == 1 && $0.shape.width == 1 && $0.scale == pooled.scale }
      last = add(.concat, of: [pooled, choices.pick(flat)], inherited: pooled.scale)
    default: last = globalPooling(of: input)
    }
    add(.softmax, of: [last ?? globalPooling(of: input)], isNeeded: true)
  }

  /// The input itself where it is one pixel already, mostly.
  private mutating func globalPooling(of input: Value) -> Value {
    if input.shape.height == 1, input.shape.width == 1, !choices.chance(30) { return input }
    var it = Pooling(choices.chance(20) ? .max : .average)
    it.global = true
    return addPooling(it, of: input, isNeeded: true) ?? input
  }

  private mutating func addClassifier(of input: Value) -> Value? {
    var input = input
    if choices.chance(40) { input = add(.dropout, of: [input], inherited: input.scale) ?? input }
    guard var last = addInnerProduct(of: input, outputs: choices.number(1...33)) else { return nil }
    if choices.chance(10) { last = addBatchNormalizations(of: last) ?? last }
    if choices.chance(15) { last = addReLU(of: last) ?? last }
    return last
  }
}
