import GoogLeNet

/// How far a model's output lies from what another program computed.
public struct ReferenceComparison {
  public let images: Int
  /// What was compared: what the reference holds.
  public let output: Output
  public let largestDifference: Float
  /// Images with the same likeliest class.
  public let sameTop1: Int

  /// Runs a converted model on the reference's input, which is what the trained network was given.
  /// - Parameter model: made of the result's network.
  /// - Throws: `unsupported` where the shapes of the reference do not fit the model.
  public init(
    _ model: Model, of result: ConversionResult, _ reference: ReferenceOutputs,
    options: SessionOptions = SessionOptions()
  ) throws(GoogLeNetError) {
    let session = try Session(model: model, options: options)
    let channels = model.network.preprocessing.channelOrder.channels
    let image = Shape(channels: channels, height: session.inputHeight, width: session.inputWidth)
    var (images, input) = try reference.images(of: image)
    if let normalization = result.inputNormalization { normalization.apply(toImages: &input, of: image) }
    let classes = model.classCount
    let wanted = reference.output
    let isSingle = images == 1 && wanted.shape.first == classes
    guard wanted.values.count == images * classes, wanted.shape.first == images || isSingle else {
      throw reference.file.unsupported(
        "array '\(reference.outputName)' has the shape \(wanted.shape): \(classes) classes for each of \(images) images "
          + "are needed")
    }
    output = reference.areProbabilities(rowsOf: classes) ? .probabilities : .logits
    self.images = images
    var values = [Float](repeating: 0, count: images * classes)
    let compared = output
    try input.withRawBytes { (bytes) throws(GoogLeNetError) in
      let batch = try Batch(.tensors, data: bytes.baseAddress, count: images)
      try values.withUnsafeMutableBufferPointer { (values) throws(GoogLeNetError) in
        try session.predict(batch, output: compared, into: values)
      }
    }
    var largest: Float = 0
    var same = 0
    for first in stride(from: 0, to: values.count, by: classes) {
      let row = first..<first + classes
      for index in row {
        let difference = abs(values[index] - wanted.values[index])
        largest = difference <= largest ? largest : difference
      }
      if ReferenceComparison.top(values[row]) == ReferenceComparison.top(wanted.values[row]) { same += 1 }
    }
    largestDifference = largest
    sameTop1 = same
  }

  private static func top(_ row: ArraySlice<Float>) -> Int? {
    row.indices.max { row[$0] < row[$1] }.map { $0 - row.startIndex }
  }
}
