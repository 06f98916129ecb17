/// What a layer computes: one of the operators.
public enum Operation {
  case convolution(Convolution)
  case pooling(Pooling)
  case localResponseNormalization(LocalResponseNormalization)
  case batchNormalization(BatchNormalization)
  case relu
  case concat
  case innerProduct(InnerProduct)
  case dropout
  case softmax
  case sum
  case sigmoid
  case prelu(PReLU)
  case clippedReLU(ClippedReLU)

  /// The numbers of all operators' messages in the file format.
  static let fieldNumbers: ClosedRange<UInt64> = 16...28

  /// The operation whose message has that number; nil where no operator has it.
  init?(_ fieldNumber: UInt64, in message: inout OperatorReader) throws(GoogLeNetError) {
    switch fieldNumber {
    case Convolution.fieldNumber: self = .convolution(try Convolution(nil, in: &message))
    case Pooling.fieldNumber: self = .pooling(try Pooling(nil, in: &message))
    case LocalResponseNormalization.fieldNumber:
      self = .localResponseNormalization(try LocalResponseNormalization(nil, in: &message))
    case BatchNormalization.fieldNumber: self = .batchNormalization(try BatchNormalization(nil, in: &message))
    case ReLU.fieldNumber: self = .relu
    case Concat.fieldNumber: self = .concat
    case InnerProduct.fieldNumber: self = .innerProduct(try InnerProduct(nil, in: &message))
    case Dropout.fieldNumber: self = .dropout
    case Softmax.fieldNumber: self = .softmax
    case Sum.fieldNumber: self = .sum
    case Sigmoid.fieldNumber: self = .sigmoid
    case PReLU.fieldNumber: self = .prelu(try PReLU(nil, in: &message))
    case ClippedReLU.fieldNumber: self = .clippedReLU(try ClippedReLU(nil, in: &message))
    default: return nil
    }
  }

  /// Hands the operator to a visitor: the only place that tells them apart.
  @inline(__always)
  private func accept<Visitor: OperatorVisitor>(_ visitor: inout Visitor) throws(Visitor.Failure) -> Visitor.Result {
    switch self {
    case .convolution(let it): try visitor.visit(it)
    case .pooling(let it): try visitor.visit(it)
    case .localResponseNormalization(let it): try visitor.visit(it)
    case .batchNormalization(let it): try visitor.visit(it)
    case .relu: try visitor.visit(ReLU())
    case .concat: try visitor.visit(Concat())
    case .innerProduct(let it): try visitor.visit(it)
    case .dropout: try visitor.visit(Dropout())
    case .softmax: try visitor.visit(Softmax())
    case .sum: try visitor.visit(Sum())
    case .sigmoid: try visitor.visit(Sigmoid())
    case .prelu(let it): try visitor.visit(it)
    case .clippedReLU(let it): try visitor.visit(it)
    }
  }
}

// What is asked of any operator; `Operator` says what the answers mean.
extension Operation {
  /// The name that users see.
  public var kind: StaticString {
    struct Kind: OperatorVisitor {
      func visit<It: Operator>(_ it: It) throws(Never) -> StaticString { It.kind }
    }
    var visitor = Kind()
    return accept(&visitor)
  }

  /// How many layers it may read.
  var inputCounts: ClosedRange<Int> {
    struct InputCounts: OperatorVisitor {
      func visit<It: Operator>(_ it: It) throws(Never) -> ClosedRange<Int> { It.inputCounts }
    }
    var visitor = InputCounts()
    return accept(&visitor)
  }

  /// What rules need to know that look at several layers.
  public var traits: OperatorTraits {
    struct Traits: OperatorVisitor {
      func visit(_ it: some Operator) throws(Never) -> OperatorTraits { it.traits }
    }
    var visitor = Traits()
    return accept(&visitor)
  }

  func shape(of inputs: [Shape], _ check: LayerCheck) throws(GoogLeNetError) -> Shape {
    struct ShapeOf: OperatorVisitor {
      let inputs: [Shape]
      let check: LayerCheck
      func visit(_ it: some Operator) throws(GoogLeNetError) -> Shape { try it.shape(of: inputs, check) }
    }
    var visitor = ShapeOf(inputs: inputs, check: check)
    return try accept(&visitor)
  }

  func work(input: Shape, inputCount: Int, output: Shape) -> OperatorWork {
    struct Work: OperatorVisitor {
      let input: Shape
      let inputCount: Int
      let output: Shape
      func visit(_ it: some Operator) throws(Never) -> OperatorWork {
        it.work(input: input, inputCount: inputCount, output: output)
      }
    }
    var visitor = Work(input: input, inputCount: inputCount, output: output)
    return accept(&visitor)
  }

  func form(inputs: [Shape]) -> GraphForm {
    struct Form: OperatorVisitor {
      let inputs: [Shape]
      func visit(_ it: some Operator) throws(Never) -> GraphForm { it.form(inputs: inputs) }
    }
    var visitor = Form(inputs: inputs)
    return accept(&visitor)
  }

  func fuse(into node: inout GraphNode.Kind, _ place: FusionPlace) -> Bool {
    struct Fuse: OperatorVisitor {
      var node: GraphNode.Kind
      let place: FusionPlace
      mutating func visit(_ it: some Operator) throws(Never) -> Bool { it.fuse(into: &node, place) }
    }
    var visitor = Fuse(node: node, place: place)
    let isFused = accept(&visitor)
    node = visitor.node
    return isFused
  }

  /// The trained tensors, each with the name of its field.
  public var tensors: [(field: StaticString, tensor: Tensor)] {
    struct Tensors: OperatorVisitor {
      func visit(_ it: some Operator) throws(Never) -> [(field: StaticString, tensor: Tensor)] {
        var found: [(field: StaticString, tensor: Tensor)] = []
        it.forEachTensor { found.append(($0, $1)) }
        return found
      }
    }
    var visitor = Tensors()
    return accept(&visitor)
  }

  /// Values of all trained tensors; the largest number where 64 bits cannot hold it. Allocates nothing.
  var parameterCount: UInt64 {
    struct ParameterCount: OperatorVisitor {
      func visit(_ it: some Operator) throws(Never) -> UInt64 {
        var count: UInt64 = 0
        it.forEachTensor { count = count.adding(UInt64($1.count)) }
        return count
      }
    }
    var visitor = ParameterCount()
    return accept(&visitor)
  }

  /// Calls `body` with each trained tensor and the name of its field.
  public func forEachTensor<Failure>(_ body: (StaticString, Tensor) throws(Failure) -> Void) throws(Failure) {
    for (field, tensor) in tensors { try body(field, tensor) }
  }

  /// Writes the operator's message.
  /// - Returns: the number of its field in `Layer`.
  public func write(to message: inout some OperatorMessage) throws(GoogLeNetError) -> UInt64 {
    var visitor = Writing(message: message)
    let number = try accept(&visitor)
    message = visitor.message
    return number
  }

  private struct Writing<Message: OperatorMessage>: OperatorVisitor {
    var message: Message

    mutating func visit<It: Operator>(_ it: It) throws(GoogLeNetError) -> UInt64 {
      _ = try It(it, in: &message)
      return It.fieldNumber
    }
  }
}
