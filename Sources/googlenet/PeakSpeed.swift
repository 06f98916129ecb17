import GoogLeNet

/// The highest speed that a tier's convolution reaches here: that of a small convolution whose weights and activations stay in the
/// fastest cache, run through the library like any other, on one thread; the best of many runs and of a few shapes.
struct PeakSpeed {
  /// 10⁹ operations a second of one thread, two for each multiply-add.
  let ofOneThread: Double
  let threads: Int

  var value: Double { ofOneThread * Double(threads) }

  private static let runs = 400
  /// Input and output channels of 1 × 1 convolutions of rows of pixels.
  private static let float32Shapes = [(128, 64), (256, 32), (64, 64)]
  private static let int8Shapes = [(512, 64), (256, 64), (512, 32)]

  /// - Parameters:
  ///   - precision: `float32` or `int8`.
  ///   - session: the one that is to be compared; its tier and threads are taken.
  init(_ precision: Precision, of session: Session) throws(GoogLeNetError) {
    var options = SessionOptions()
    options.threads = 1
    options.maxISA = session.isa
    options.algorithm = .direct
    threads = session.threads
    var best = 0.0
    for (inputs, outputs) in precision == .int8 ? PeakSpeed.int8Shapes : PeakSpeed.float32Shapes {
      let model = try Model(network: try PeakSpeed.network(precision, inputs, outputs))
      best = max(best, try PeakSpeed.speed(try Session(model: model, options: options)))
    }
    ofOneThread = best
  }

  private static func speed(_ session: Session) throws(GoogLeNetError) -> Double {
    let pixels = [UInt8](repeating: 100, count: session.inputHeight * session.inputWidth * 3)
    var profile = OperationProfile()
    try pixels.withUnsafeBufferPointer { (bytes) throws(GoogLeNetError) in
      let batch = try Batch(.pixels(.rgb), data: bytes.baseAddress, count: 1)
      for _ in 0..<runs { try profile.run(session, batch) }
    }
    let measured = profile.rows.max { $0.operation.multiplyAdds < $1.operation.multiplyAdds }
    guard let measured, let least = measured.milliseconds.min(), least > 0 else { return 0 }
    return 2 * Double(measured.operation.multiplyAdds) / least / 1e6
  }

  /// A convolution that makes the channels, the one to measure, and what a classifier needs to end.
  private static func network(_ precision: Precision, _ inputs: Int, _ outputs: Int) throws(GoogLeNetError) -> Network {
    var average = Pooling(.average)
    average.global = true
    let scale: Float? = precision == .int8 ? 1 : nil
    return Network(
      name: "peak", producer: "googlenet",
      preprocessing: Preprocessing(
        inputHeight: 14, inputWidth: 28, channelOrder: .rgb, mean: [0, 0, 0], scale: [1, 1, 1], shortSide: 28),
      labels: [], inputName: "data",
      layers: [
        Layer(
          name: "widen", inputs: ["data"],
          operation: .convolution(Convolution(weights: try weights(precision, inputs, 3)))),
        Layer(name: "widen/relu", inputs: ["widen"], operation: .relu, outputScale: scale),
        Layer(
          name: "measured", inputs: ["widen/relu"],
          operation: .convolution(Convolution(weights: try weights(precision, outputs, inputs)))),
        Layer(name: "measured/relu", inputs: ["measured"], operation: .relu, outputScale: scale),
        Layer(name: "average", inputs: ["measured/relu"], operation: .pooling(average)),
        Layer(name: "softmax", inputs: ["average"], operation: .softmax),
      ])
  }

  /// Small values, none of them 0.
  private static func weights(_ precision: Precision, _ outputs: Int, _ inputs: Int) throws(GoogLeNetError) -> Tensor {
    let dims = [outputs, inputs, 1, 1]
    let count = outputs * inputs
    guard precision == .int8 else {
      return try Tensor([Float](repeating: 1 / Float(inputs), count: count), dims: dims)
    }
    guard let block = HeapBlock(byteCount: count) else {
      throw GoogLeNetError(.outOfMemory, "no memory for \(count) weights")
    }
    for index in 0..<count { block.mutableBytes[index] = 1 }
    return Tensor(
      dims: dims, elementType: .int8, scales: [Float](repeating: 1 / Float(inputs), count: outputs),
      bytes: block.bytes, owner: block)
  }
}
