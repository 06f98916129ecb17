/// A model made ready to run. Belongs to one thread at a time.
public final class Session {
  public let model: Model

  public init(model: Model, options: SessionOptions = SessionOptions()) throws(GoogLeNetError) {
    self.model = model
    throw GoogLeNetError(.unsupported, "to be written")
  }

  /// What the session really uses, after all caps.
  public var isa: ISA { .portable }
  public var threads: Int { 1 }
  public var precision: Precision { .float32 }
  public var backend: Backend { .native }
  public var inputHeight: Int { 0 }
  public var inputWidth: Int { 0 }
  public var weightBytes: Int { 0 }
  public var activationBytes: Int { 0 }

  /// The `count` likeliest classes of a picture of any size, most probable first.
  public func classify(_ image: Image, count: Int) throws(GoogLeNetError) -> [Prediction] { [] }

  /// Writes `batch.count` rows of `model.classCount` values.
  public func predict(_ batch: Batch, output: Output = .probabilities, into values: UnsafeMutableBufferPointer<Float>)
    throws(GoogLeNetError)
  {}

  /// Writes `batch.count` rows of `model.featureCount` values.
  public func features(_ batch: Batch, into values: UnsafeMutableBufferPointer<Float>) throws(GoogLeNetError) {}

  /// The shape of a named layer's output.
  public func layerShape(_ name: String) throws(GoogLeNetError) -> Shape { Shape(channels: 0, height: 0, width: 0) }

  /// Writes `batch.count` outputs of a named layer, NCHW.
  public func layer(_ name: String, _ batch: Batch, into values: UnsafeMutableBufferPointer<Float>)
    throws(GoogLeNetError)
  {}

  /// Writes the resized and cut picture as rows of RGB (or gray) bytes.
  public func preprocess(_ image: Image, into pixels: UnsafeMutableBufferPointer<UInt8>) throws(GoogLeNetError) {}
}
