/// What a node computes with one kernel, and how that gets its arguments.
protocol NodeKernel: AnyObject {
  /// How it computes, as a profile says it.
  var name: StaticString { get }
  /// What it is where it stands for no layer.
  var conversion: StaticString? { get }
  /// Whether its output may replace an input, where both are float32.
  var mayRunInPlace: Bool { get }
  /// Whether it takes inputs of 8 bits as they are, also where its own output is float32.
  var readsBytes: Bool { get }
  /// Whether scales and shifts can become part of it.
  var takesAffine: Bool { get }

  /// Appends a scale and a shift a channel.
  /// - Returns: whether it can.
  func append(_ affine: (scale: [Float], shift: [Float])) -> Bool
  /// Raises what it gives to a lower bound.
  /// - Returns: whether it can.
  func raise(to minimum: Float) -> Bool
  /// What computes the same between stored integers; nil where nothing does.
  func integerForm(_ inputs: [ActivationEncoding], _ output: ActivationEncoding) -> (any NodeKernel)?

  /// - Throws: `unsupported` where no kernel can do it.
  func task(_ writer: TaskWriter, _ inputs: [Location], _ output: Location) throws(GoogLeNetError) -> StageTask
}

extension NodeKernel {
  var conversion: StaticString? { nil }
  var mayRunInPlace: Bool { false }
  var readsBytes: Bool { false }
  var takesAffine: Bool { false }

  func append(_ affine: (scale: [Float], shift: [Float])) -> Bool { false }
  func raise(to minimum: Float) -> Bool { false }
  func integerForm(_ inputs: [ActivationEncoding], _ output: ActivationEncoding) -> (any NodeKernel)? { nil }
}
