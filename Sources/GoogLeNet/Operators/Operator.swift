/// What one kind of layer is. All that the core knows of it stands in the file of its type: what it may say, its place in the file
/// format, what it makes of shapes and encodings, and what computes it. `Operation` has a case for each.
protocol Operator {
  /// The name that users see.
  static var kind: StaticString { get }
  /// Of its message in `Layer` of googlenet.proto.
  static var fieldNumber: UInt64 { get }
  /// How many layers it may read.
  static var inputCounts: ClosedRange<Int> { get }

  /// Goes through the fields of its message in their order: reads each where `it` is nil, and writes those of `it` else.
  init(_ it: Self?, in message: inout some OperatorMessage) throws(GoogLeNetError)

  /// The shape of the output, from what the layer says but no trained value.
  /// - Parameter inputs: as many as `inputCounts` allows.
  /// - Throws: what is wrong with the layer, or with the inputs for it.
  func shape(of inputs: [Shape], _ check: LayerCheck) throws(GoogLeNetError) -> Shape

  /// Calls `body` with each trained tensor and the name of its field.
  func forEachTensor<Failure>(_ body: (StaticString, Tensor) throws(Failure) -> Void) throws(Failure)

  /// What rules need to know that look at several layers.
  var traits: OperatorTraits { get }

  /// What it takes to compute the output.
  /// - Parameters:
  ///   - input: the shape of what it reads first.
  ///   - inputCount: how many layers it reads.
  func work(input: Shape, inputCount: Int, output: Shape) -> OperatorWork

  /// What stands for it in a graph where nothing before it takes it over.
  func form(inputs: [Shape]) -> GraphForm

  /// Lets the node before, whose output nothing else reads, take it over.
  /// - Returns: whether it does.
  func fuse(into node: inout GraphNode.Kind, _ place: FusionPlace) -> Bool
}

extension Operator {
  static var inputCounts: ClosedRange<Int> { 1...1 }

  func forEachTensor<Failure>(_ body: (StaticString, Tensor) throws(Failure) -> Void) throws(Failure) {}

  func work(input: Shape, inputCount: Int, output: Shape) -> OperatorWork {
    OperatorWork(multiplyAdds: 0, steps: UInt64(output.count))
  }

  func fuse(into node: inout GraphNode.Kind, _ place: FusionPlace) -> Bool { false }
}
