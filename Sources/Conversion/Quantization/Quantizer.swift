import GoogLeNet

/// Makes int8 networks of float32 ones, from pictures alone: no labels are needed.
///
/// Activations get the range that `QuantizationOptions.rangeMethod` finds in what float32 gives for the pictures. Weights are then
/// rounded from the input to the output, each layer's to fit what the layers before it really give in int8 (`CompensatedRounding`).
/// Biases stay as they are: rounding to the inputs' covariance and putting the mean change into the bias gave a total variation of
/// 0.0091 on the BVLC GoogLeNet instead of 0.0086, for the Gram matrix keeps the mean already. The same pictures give the same bytes
/// on any number of threads and every CPU that has AVX2; the portable tier, which only other CPUs calibrate with, adds up in another
/// order, and its files differ.
public enum Quantizer {
  /// - Parameter progress: called on the calling thread as the work goes on.
  /// - Throws: `invalidArgument` where the pictures or options are of no use or the model is quantized already, `unsupported` where
  ///   nothing of it can compute in int8, `outOfMemory`.
  public static func quantize(
    model: Model, pictures: [CalibrationPicture], options: QuantizationOptions = QuantizationOptions(),
    progress: (QuantizationProgress) -> Void = { _ in }
  ) throws(GoogLeNetError) -> QuantizationResult {
    try check(model, pictures, options)
    var network = model.network
    network.layers = try LayerGraph.foldingNormalizations(
      network.layers, ValueBudget(name: network.name, limit: .max)
    ).layers
    return try withoutActuallyEscaping(progress) { (progress) throws(GoogLeNetError) in
      try Calibration(network, pictures, options, progress).run()
    }
  }

  private static func check(_ model: Model, _ pictures: [CalibrationPicture], _ options: QuantizationOptions)
    throws(GoogLeNetError)
  {
    guard model.precision == .float32,
      model.network.layers.allSatisfy({ $0.operation.weights?.elementType.isInteger != true })
    else {
      throw GoogLeNetError(
        .invalidArgument,
        "the model is quantized already, or its weights were converted with --weights int8: start from a model of "
          + "float32 or float16 weights")
    }
    guard pictures.count >= QuantizationOptions.leastPictures else {
      throw GoogLeNetError(
        .invalidArgument,
        "\(pictures.count) calibration pictures are too few: at least \(QuantizationOptions.leastPictures) are needed, "
          + "100 to 500 are good"
      )
    }
    let preprocessing = model.network.preprocessing
    let size = preprocessing.inputHeight * preprocessing.inputWidth * preprocessing.channelOrder.channels
    for picture in pictures where picture.pixels.count != size {
      throw GoogLeNetError(
        .invalidArgument, "calibration picture '\(picture.name)' has \(picture.pixels.count) bytes, not \(size)")
    }
    guard 0...1 ~= options.maxFloatShare else {
      throw GoogLeNetError(.invalidArgument, "the float share is \(options.maxFloatShare): 0 to 1 are possible")
    }
    guard options.heldOutEvery == 0 || options.heldOutEvery > 1 else {
      throw GoogLeNetError(
        .invalidArgument, "one of \(options.heldOutEvery) pictures cannot be held out: use 2 or more, or 0 for none")
    }
    guard 1...10_000 ~= options.windowsPerPicture else {
      throw GoogLeNetError(
        .invalidArgument, "\(options.windowsPerPicture) windows of each picture: 1 to 10000 are possible")
    }
    if case .percentile(let percentage) = options.rangeMethod {
      guard percentage > 0, percentage <= 100 else {
        throw GoogLeNetError(.invalidArgument, "the percentile is \(percentage): above 0 to 100 is possible")
      }
    }
  }
}
