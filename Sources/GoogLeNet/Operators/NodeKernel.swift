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

  /// The same with a scale and a shift a channel appended; nil where it cannot have them.
  func appending(_ affine: (scale: [Float], shift: [Float])) -> (any NodeKernel)?
  /// The same with what it gives raised to a lower bound; nil where that cannot be.
  func raised(to minimum: Float) -> (any NodeKernel)?
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

  func appending(_ affine: (scale: [Float], shift: [Float])) -> (any NodeKernel)? { nil }
  func raised(to minimum: Float) -> (any NodeKernel)? { nil }
  func integerForm(_ inputs: [ActivationEncoding], _ output: ActivationEncoding) -> (any NodeKernel)? { nil }
}
