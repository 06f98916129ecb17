import Testing

@testable import GoogLeNet

/// Sessions against the naive reference.
@Suite struct SessionTests {
  struct Setting: CustomTestStringConvertible {
    let isa: ISA
    let algorithm: Algorithm
    let backend: Backend
    let threads: Int

    var testDescription: String { "\(isa.name) \(algorithm) \(backend) \(threads) threads" }

    var options: SessionOptions {
      var options = SessionOptions()
      options.maxISA = isa
      options.algorithm = algorithm
      options.backend = backend
      options.threads = threads
      return options
    }

    static let all: [Setting] =
      [ISA.portable, .avx2, .avx512, .best].flatMap { isa in
        [Algorithm.auto, .direct].flatMap { algorithm in
          [1, 2, 3].map { Setting(isa: isa, algorithm: algorithm, backend: .native, threads: $0) }
        }
      } + [1, 2].map { Setting(isa: .best, algorithm: .auto, backend: .openBLAS, threads: $0) }
  }

  private func input(_ count: Int) -> [Float] {
    var random = RandomNumbers(seed: 11)
    return random.floats(count)
  }

  private func predict(_ session: Session, _ input: [Float], count: Int = 1, output: Output = .probabilities) throws
    -> [Float]
  {
    var result = [Float](repeating: .nan, count: count * session.model.classCount)
    try input.withUnsafeBytes { bytes in
      let batch = try Batch(.tensors, data: bytes.baseAddress, count: count)
      try result.withUnsafeMutableBufferPointer { try session.predict(batch, output: output, into: $0) }
    }
    return result
  }

  private func layer(_ session: Session, _ name: String, _ input: [Float]) throws -> [Float] {
    var result = [Float](repeating: .nan, count: try session.layerShape(name).count)
    try input.withUnsafeBytes { bytes in
      let batch = try Batch(.tensors, data: bytes.baseAddress, count: 1)
      try result.withUnsafeMutableBufferPointer { try session.layer(name, batch, into: $0) }
    }
    return result
  }

  private func expectClose(_ got: [Float], _ want: [Double], _ what: String, tolerance: Double = 1e-5) {
    #expect(got.count == want.count)
    let scale = max(want.map(abs).max() ?? 0, 1e-3)
    for (one, other) in zip(got, want) where !(abs(Double(one) - other) <= tolerance * scale) {
      Issue.record("\(what): \(one) instead of \(other)")
      return
    }
  }

  @Test(arguments: Setting.all)
  func everyLayerAgreesWithTheReference(setting: Setting) throws {
    let model = try Model(network: try Networks.inception())
    let session = try Session(model: model, options: setting.options)
    let input = input(3 * 17 * 17)
    let reference = try ReferenceNetwork(model, input: input, height: 17, width: 17)
    for name in model.network.layers.map(\.name) {
      expectClose(try layer(session, name, input), reference.outputs[name]!.values, name)
    }
    expectClose(try predict(session, input), reference.outputs["prob"]!.values, "probabilities")
    expectClose(try predict(session, input, output: .logits), reference.outputs["fc"]!.values, "logits")
  }

  @Test(arguments: Setting.all)
  func batchesAndRepetitionsGiveTheSameBits(setting: Setting) throws {
    let model = try Model(network: try Networks.inception())
    let session = try Session(model: model, options: setting.options)
    let images = input(5 * 3 * 17 * 17)
    let together = try predict(session, images, count: 5)
    for image in 0..<5 {
      let alone = try predict(session, Array(images[image * 867..<(image + 1) * 867]))
      #expect(alone == Array(together[image * 21..<(image + 1) * 21]))
    }
    #expect(try predict(session, images, count: 5) == together)
    let other = try Session(model: model, options: setting.options)
    #expect(try predict(other, images, count: 5) == together)
  }

  @Test func anotherInputSize() throws {
    let model = try Model(network: try Networks.inception())
    var options = SessionOptions()
    options.inputHeight = 33
    options.inputWidth = 20
    let session = try Session(model: model, options: options)
    let input = input(3 * 33 * 20)
    let reference = try ReferenceNetwork(model, input: input, height: 33, width: 20)
    expectClose(try predict(session, input), reference.outputs["prob"]!.values, "probabilities")
  }

  /// The network sees (pixel − mean) × scale in its own channel order, whatever the order of the bytes.
  @Test(arguments: [PixelFormat.rgb, .bgr, .rgba, .bgra, .gray])
  func pixels(format: PixelFormat) throws {
    let model = try Model(network: try Networks.inception())
    let session = try Session(model: model)
    var random = RandomNumbers(seed: 5)
    let bytes = (0..<17 * 17 * format.bytesPerPixel).map { _ in UInt8.random(in: 0...255, using: &random) }
    let order = [format.channelOffsets.blue, format.channelOffsets.green, format.channelOffsets.red]
    let preprocessing = model.network.preprocessing
    var planes: [Float] = []
    for channel in 0..<3 {
      for pixel in 0..<17 * 17 {
        let byte = Float(bytes[pixel * format.bytesPerPixel + order[channel]])
        planes.append((byte - preprocessing.mean[channel]) * preprocessing.scale[channel])
      }
    }
    var got = [Float](repeating: .nan, count: model.classCount)
    try bytes.withUnsafeBytes { data in
      let batch = try Batch(.pixels(format), data: data.baseAddress, count: 1)
      try got.withUnsafeMutableBufferPointer { try session.predict(batch, into: $0) }
    }
    let want = try ReferenceNetwork(model, input: planes, height: 17, width: 17)
    expectClose(got, want.outputs["prob"]!.values, "\(format)", tolerance: 1e-4)
  }

  @Test func sessionsOfTheSameSettingsSharePackedWeights() throws {
    let weights = try PackedWeightsCache(of: try Model(network: try Networks.inception()))
    var options = SessionOptions()
    options.threads = 1
    let first = try Session(sharing: weights, options: options)
    let second = try Session(sharing: weights, options: options)
    #expect(first.weightBytes == second.weightBytes)
    #expect(weights.count == 7)
    options.maxISA = .portable
    let third = try Session(sharing: weights, options: options)
    #expect(weights.count == 14 || third.isa == first.isa)
    // One of the same model alone packs its own.
    let alone = try Session(model: weights.model, options: options)
    #expect(alone.weightBytes == third.weightBytes && weights.count <= 14)
  }

  @Test func buffersThatAreTooSmallAreRefused() throws {
    let model = try Model(network: try Networks.inception())
    let session = try Session(model: model)
    let input = input(867)
    var result = [Float](repeating: 0, count: 20)
    let error = #expect(throws: GoogLeNetError.self) {
      try input.withUnsafeBytes { bytes in
        let batch = try Batch(.tensors, data: bytes.baseAddress, count: 1)
        try result.withUnsafeMutableBufferPointer { try session.predict(batch, into: $0) }
      }
    }
    #expect(error?.status == .bufferTooSmall)
    #expect(result.allSatisfy { $0 == 0 })
  }
}
