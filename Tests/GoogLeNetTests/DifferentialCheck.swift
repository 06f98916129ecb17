@testable import GoogLeNet

/// Runs one network in many settings and orders of calls, all sessions alive at once, and lists what disagrees: with the naive
/// reference, with other settings, with itself before and after other calls.
struct DifferentialCheck {
  struct Effort {
    /// Settings a precision and an input size; at least two.
    var settings = 5
    /// Of them, how many give the output of every layer; the others give a few.
    var wholeSettings = 2
    var tiers = RunSetting.tiers
  }

  /// What a session is asked for.
  private enum Call: Hashable {
    case probabilities
    case logits
    case features
    case layer(Int)
    /// Two layers in one run.
    case layers(Int, Int)
    case batch
    case profile
  }

  /// An input in the forms that sessions and the reference take.
  private struct Input {
    let planes: [Float]
    /// In `format`.
    let pixels: [UInt8]
  }

  private final class Run {
    let setting: RunSetting
    let session: Session
    let inputs: [Input]
    var calls: [Call]
    var results: [Call: [Float]] = [:]
    /// What a call threw.
    var refusals: [Call: Status] = [:]

    init(_ setting: RunSetting, _ session: Session, _ inputs: [Input], _ calls: [Call]) {
      self.setting = setting
      self.session = session
      self.inputs = inputs
      self.calls = calls
    }
  }

  private let subject: RandomNetwork
  private let model: Model
  private let effort: Effort
  private var choices: Choices
  private let format: PixelFormat
  private let usesTensors: Bool
  private(set) var faults: [String] = []

  /// What is wrong. The bytes that are left choose the settings and the calls.
  static func faults(of subject: RandomNetwork, _ choices: inout Choices, effort: Effort = Effort()) -> [String] {
    let model: Model
    do { model = try Model(network: subject.network) } catch {
      let isExpected = (subject.mayBeRefused || subject.isExtreme) && error.status == .invalidModel
      return isExpected ? [] : ["a valid network is refused: \(error.message)"]
    }
    var check = DifferentialCheck(subject, model, choices, effort)
    check.checkAll()
    choices = check.choices
    return check.faults
  }

  private init(_ subject: RandomNetwork, _ model: Model, _ choices: Choices, _ effort: Effort) {
    self.subject = subject
    self.model = model
    self.effort = effort
    var choices = choices
    format =
      model.network.preprocessing.channelOrder == .gray ? .gray : choices.pick([.rgb, .bgr, .rgba, .bgra])
    usesTensors = choices.chance(30)
    self.choices = choices
  }

  // MARK: Runs

  private mutating func checkAll() {
    let preprocessing = model.network.preprocessing
    var sizes = [(preprocessing.inputHeight, preprocessing.inputWidth)]
    if let other = otherSize() { sizes.append(other) }
    let precisions: [Precision] = model.precision == .int8 ? [.int8, .float32] : [.float32]
    var groups: [[Run]] = []
    for (height, width) in sizes {
      let inputs = (0..<3).map { _ in input(height, width) }
      for precision in precisions {
        groups.append(makeRuns(precision, height, width, inputs))
      }
    }
    runAll(groups.flatMap { $0 })
    for runs in groups where !runs.isEmpty { compare(runs) }
  }

  /// A size other than the model's own that the network takes, if one is found.
  private mutating func otherSize() -> (Int, Int)? {
    let (height, width) = (model.network.preprocessing.inputHeight, model.network.preprocessing.inputWidth)
    // With weights over a whole map only one of the same number of pixels fits.
    let candidates = [
      (width, height), (height + choices.number(1...9), width + choices.number(1...9)), (2 * height, width),
      (max(1, height / 2), width + 1), (height * width, 1),
    ]
    return candidates.first { ($0 != height || $1 != width) && fits($0, $1) }
  }

  private func fits(_ height: Int, _ width: Int) -> Bool {
    guard height <= 100, width <= 100, let shapes = try? model.shapes(height: height, width: width) else {
      return false
    }
    return shapes.reduce(0) { $0 + $1.count } < 500_000
  }

  private mutating func input(_ height: Int, _ width: Int) -> Input {
    var random = choices.randomNumbers()
    let preprocessing = model.network.preprocessing
    let channels = preprocessing.channelOrder.channels
    let size = format.bytesPerPixel
    // Of little contrast, of much, or all the same.
    let (least, most) = choices.pick([(0, 255), (0, 255), (90, 130), (255, 255), (0, 0)])
    let pixels = (0..<height * width * size).map { _ in UInt8(least + Int(random.next() >> 33) % (most - least + 1)) }
    let offsets = format.channelOffsets
    let order =
      preprocessing.channelOrder == .bgr
      ? [offsets.blue, offsets.green, offsets.red] : [offsets.red, offsets.green, offsets.blue]
    var planes: [Float] = []
    for channel in 0..<channels {
      for pixel in 0..<height * width {
        let value = Float(pixels[pixel * size + order[channel]])
        planes.append((value - preprocessing.mean[channel]) * preprocessing.scale[channel])
      }
    }
    return Input(planes: planes, pixels: pixels)
  }

  private mutating func makeRuns(_ precision: Precision, _ height: Int, _ width: Int, _ inputs: [Input]) -> [Run] {
    var settings: [RunSetting] = []
    for isa in choices.shuffled(effort.tiers) {
      for algorithm in choices.shuffled([Algorithm.auto, .direct]) {
        settings.append(
          RunSetting(
            isa: isa, algorithm: algorithm, threads: choices.pick([1, 3]), precision: precision, height: height,
            width: width))
      }
    }
    // Each tier once before one comes twice.
    settings =
      settings.indices.filter { $0 % 2 == 0 }.map { settings[$0] }
      + settings.indices.filter { $0 % 2 == 1 }
      .map { settings[$0] }
    var runs: [Run] = []
    var refusal: (setting: RunSetting, status: Status)?
    for (index, setting) in settings.prefix(effort.settings).enumerated() {
      do {
        let session = try Session(model: model, options: setting.options)
        runs.append(Run(setting, session, inputs, calls(isWhole: index < effort.wholeSettings)))
      } catch {
        if error.status != .unsupported { faults.append("\(setting): no session: \(error.message)") }
        refusal = (setting, error.status)
      }
    }
    if let refusal, !runs.isEmpty { faults.append("\(refusal.setting) is refused, \(runs[0].setting) is not") }
    if precision == .float32, refusal != nil { faults.append("float32 is refused") }
    return runs
  }

  private mutating func calls(isWhole: Bool) -> [Call] {
    let count = model.network.layers.count
    var calls: [Call] = [.logits, .features, .batch, .profile, .layer(choices.number(0...count - 1))]
    if isWhole {
      calls += (0..<count).map { .layer($0) }
      calls.append(.layers(choices.number(0...count - 1), choices.number(0...count - 1)))
      // What a layer reads may be taken over by the layer, and the probabilities need both.
      let layer = choices.number(0...count - 1)
      for other in model.inputs[layer] + [count - 1] where other >= 0 { calls.append(.layers(layer, other)) }
    }
    calls = choices.shuffled(calls)
    // Whatever comes first and last, the probabilities are the same before and after.
    calls.insert(.probabilities, at: choices.number(0...1) * min(2, calls.count))
    return calls + [.probabilities, .logits]
  }

  /// One call of one session after another, in a random order.
  private mutating func runAll(_ runs: [Run]) {
    var waiting = runs
    while !waiting.isEmpty {
      let index = choices.number(0...waiting.count - 1)
      let run = waiting[index]
      perform(run.calls.removeFirst(), run)
      if run.calls.isEmpty { waiting.remove(at: index) }
    }
  }

  private mutating func perform(_ call: Call, _ run: Run) {
    do throws(GoogLeNetError) {
      switch call {
      case .probabilities: record(call, run, try probabilities(run, 0))
      case .logits:
        record(
          call, run,
          try rows(run, 0..<1, model.classCount) { (batch, values) throws(GoogLeNetError) in
            try run.session.predict(batch, output: .logits, into: values)
          })
      case .features:
        let shape = try shape(of: model.featureLayer, run)
        record(
          call, run,
          try rows(run, 0..<1, shape.count) { (batch, values) throws(GoogLeNetError) in
            try run.session.features(batch, into: values)
          })
      case .layer(let index):
        let name = model.network.layers[index].name
        record(
          call, run,
          try rows(run, 0..<1, try shape(of: index, run).count) { (batch, values) throws(GoogLeNetError) in
            try run.session.layer(name, batch, into: values)
          })
      case .layers(let one, let other):
        let split = try shape(of: one, run).count
        let names = [one, other].map { model.network.layers[$0].name }
        let values = try rows(run, 0..<1, split + shape(of: other, run).count) {
          (batch, values) throws(GoogLeNetError) in
          try run.session.layers(
            names, batch,
            into: [
              UnsafeMutableBufferPointer(rebasing: values[..<split]),
              UnsafeMutableBufferPointer(rebasing: values[split...]),
            ])
        }
        record(call, run, values)
      case .batch:
        let together = try rows(run, 0..<3, model.classCount) { (batch, values) throws(GoogLeNetError) in
          try run.session.predict(batch, into: values)
        }
        var apart: [Float] = []
        for image in 0..<3 { apart += try probabilities(run, image) }
        if !same(together, apart) { faults.append("\(run.setting): a batch differs from its images") }
      case .profile:
        var operations = 0
        let batch = try rows(run, 0..<1, 0) { (batch, _) throws(GoogLeNetError) in
          try run.session.profile(batch) { _, _, _ in operations += 1 }
        }
        if operations == 0 || !batch.isEmpty { faults.append("\(run.setting): an empty profile") }
      }
    } catch {
      let isAllowed =
        error.status == .notFinite
        ? subject.isExtreme : error.status == .unsupported && run.setting.precision == .int8
      if !isAllowed { faults.append("\(run.setting): \(name(call)) fails: \(error.message)") }
      if let before = run.refusals[call], before != error.status || run.results[call] != nil {
        faults.append("\(run.setting): \(name(call)) fails now and then")
      }
      run.refusals[call] = error.status
    }
  }

  private mutating func record(_ call: Call, _ run: Run, _ values: [Float]) {
    if let before = run.results[call], !same(before, values) {
      faults.append("\(run.setting): \(name(call)) changes between calls")
    }
    run.results[call] = values
    guard values.allSatisfy(\.isFinite) else {
      faults.append("\(run.setting): \(name(call)) is not finite")
      return
    }
    if call == .probabilities, !(abs(values.reduce(0, +) - 1) < 1e-5) {
      faults.append("\(run.setting): probabilities sum to \(values.reduce(0, +))")
    }
  }

  private func probabilities(_ run: Run, _ image: Int) throws(GoogLeNetError) -> [Float] {
    try rows(run, image..<image + 1, model.classCount) { (batch, values) throws(GoogLeNetError) in
      try run.session.predict(batch, into: values)
    }
  }

  private func shape(of layer: Int, _ run: Run) throws(GoogLeNetError) -> Shape {
    guard layer >= 0 else { return model.inputShape(run.setting.height, run.setting.width) }
    return try run.session.layerShape(model.network.layers[layer].name)
  }

  /// The values that `body` writes for some of the run's inputs.
  private func rows(
    _ run: Run, _ images: Range<Int>, _ length: Int,
    _ body: (Batch, UnsafeMutableBufferPointer<Float>) throws(GoogLeNetError) -> Void
  ) throws(GoogLeNetError) -> [Float] {
    var values = [Float](repeating: .nan, count: images.count * length)
    let inputs = run.inputs[images]
    let block = usesTensors ? copy(inputs.flatMap(\.planes)) : copy(inputs.flatMap(\.pixels))
    let batch = try Batch(
      usesTensors ? .tensors : .pixels(format), data: block?.bytes.baseAddress, count: images.count)
    let result = values.withUnsafeMutableBufferPointer { buffer -> GoogLeNetError? in
      do throws(GoogLeNetError) { try body(batch, buffer) } catch { return error }
      return nil
    }
    if let result { throw result }
    return values
  }

  private func copy<Value>(_ values: [Value]) -> HeapBlock? {
    values.withUnsafeBytes { bytes in
      let block = HeapBlock(byteCount: bytes.count)
      block?.mutableBytes.copyMemory(from: bytes)
      return block
    }
  }

  private func same(_ one: [Float], _ other: [Float]) -> Bool {
    one.count == other.count && zip(one, other).allSatisfy { $0.bitPattern == $1.bitPattern }
  }

  private func name(_ call: Call) -> String {
    switch call {
    case .layer(let index): "layer \(model.network.layers[index].name)"
    case .layers(let one, let other):
      "layers \(model.network.layers[one].name) and \(model.network.layers[other].name)"
    default: "\(call)"
    }
  }

  // MARK: Comparisons

  /// Compares runs of the same precision and input size.
  private mutating func compare(_ runs: [Run]) {
    guard !subject.isExtreme else { return }
    if runs[0].setting.precision == .int8 { compareIntegers(runs) } else { compareFloats(runs) }
    for run in runs { compareWithLayers(run) }
  }

  /// Whichever call gives it, and whatever else that asks for, an output has the same bits.
  private mutating func compareWithLayers(_ run: Run) {
    for (call, values) in run.results {
      let layers = layers(of: call)
      let alone = layers.compactMap { run.results[.layer($0)] }
      guard !layers.isEmpty, alone.count == layers.count else { continue }
      if !same(values, alone.flatMap { $0 }) {
        faults.append("\(run.setting): \(name(call)) is not what the layers give")
      }
    }
  }

  /// The layers whose outputs a call gives, −1 for the network's input.
  private func layers(of call: Call) -> [Int] {
    switch call {
    case .probabilities: [model.network.layers.count - 1]
    case .logits: [model.logitsLayer]
    case .features: [model.featureLayer]
    case .layer(let index): [index]
    case .layers(let one, let other): [one, other]
    case .batch, .profile: []
    }
  }

  private mutating func compareFloats(_ runs: [Run]) {
    let setting = runs[0].setting
    guard
      let reference = try? ReferenceNetwork(
        model, input: runs[0].inputs[0].planes, height: setting.height, width: setting.width)
    else { return faults.append("\(setting): no reference") }
    func output(_ layer: Int) -> ReferenceNetwork.Value? {
      reference.outputs[layer < 0 ? model.network.inputName : model.network.layers[layer].name]
    }
    for run in runs {
      for (call, values) in run.results {
        var rest = values[...]
        for value in layers(of: call).compactMap(output) {
          let tolerance = 10 * value.noise + 1e-7
          for (got, want) in zip(rest, value.values) where !(abs(Double(got) - want) <= tolerance) {
            faults.append("\(run.setting): \(name(call)) has \(got) instead of \(want) ± \(tolerance)")
            break
          }
          rest = rest.dropFirst(value.values.count)
        }
      }
    }
  }

  private mutating func compareIntegers(_ runs: [Run]) {
    let exact = ExactLayers(model)
    for run in runs.dropFirst() {
      for (call, values) in run.results {
        guard layers(of: call).allSatisfy({ $0 >= 0 && exact[$0] }) else { continue }
        for earlier in runs.prefix(while: { $0 !== run }) {
          guard let wanted = earlier.results[call] else { continue }
          if !same(wanted, values) { faults.append("\(run.setting): \(name(call)) is not that of \(earlier.setting)") }
          break
        }
      }
    }
    for run in runs {
      let layers = model.network.layers.indices.map { run.results[.layer($0)] }
      faults += IntegerReference(model, run.setting, run.inputs[0].planes, layers).faults
    }
  }
}
