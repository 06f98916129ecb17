import GoogLeNet

/// Runs pictures through a network and gives what layers make of them.
final class PictureRunner {
  let model: Model
  private let session: Session
  private let format: PixelFormat
  private let names: [String]
  private let buffers: [HeapBlock]

  /// - Parameter layers: indices of the layers to look at.
  init(_ network: Network, layers: [Int], threads: Int, precision: Precision = .auto) throws(GoogLeNetError) {
    model = try Model(network: network)
    var options = SessionOptions()
    options.threads = threads
    options.precision = precision
    // The same values wherever a network is quantized: what Winograd rounds changes with its kernels, sums with the tier.
    options.algorithm = .direct
    options.maxISA = .common
    session = try Session(model: model, options: options)
    format = network.preprocessing.channelOrder == .gray ? .gray : .rgb
    names = layers.map { network.layers[$0].name }
    var buffers: [HeapBlock] = []
    for name in names {
      guard let block = HeapBlock(byteCount: try session.layerShape(name).count * 4) else {
        throw GoogLeNetError(.outOfMemory, "no memory for the output of layer '\(name)'")
      }
      buffers.append(block)
    }
    self.buffers = buffers
  }

  private func batch<Result>(
    _ picture: CalibrationPicture, _ body: (Batch) throws(GoogLeNetError) -> Result
  ) throws(GoogLeNetError) -> Result {
    do throws(GoogLeNetError) {
      return try picture.pixels.withUnsafeBufferPointer { (bytes) throws(GoogLeNetError) -> Result in
        try body(try Batch(.pixels(format), data: bytes.baseAddress, count: 1))
      }
    } catch {
      guard error.status == .notFinite else { throw error }
      throw GoogLeNetError(
        .invalidArgument,
        "'\(picture.name)' gives infinity or NaN, \(error.message): such a network cannot be quantized")
    }
  }

  /// Runs a picture as far as the layers need; `output` gives what came of it until the next call.
  func run(_ picture: CalibrationPicture) throws(GoogLeNetError) {
    guard !names.isEmpty else { return }
    try batch(picture) { (batch) throws(GoogLeNetError) in
      try session.layers(names, batch, into: buffers.map { $0.mutableBytes.bindMemory(to: Float.self) })
    }
  }

  /// The output of a layer by its place among `layers`, CHW.
  func output(_ place: Int) -> UnsafeBufferPointer<Float> {
    UnsafeBufferPointer(buffers[place].mutableBytes.bindMemory(to: Float.self))
  }

  func probabilities(_ picture: CalibrationPicture) throws(GoogLeNetError) -> [Float] {
    var values = [Float](repeating: 0, count: model.classCount)
    try batch(picture) { (batch) throws(GoogLeNetError) in
      try values.withUnsafeMutableBufferPointer { (values) throws(GoogLeNetError) in
        try session.predict(batch, into: values)
      }
    }
    return values
  }
}
