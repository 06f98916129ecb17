/// An operator's message in a model file that is being read. A repeated number counts as the last one says.
struct OperatorReader: OperatorMessage {
  /// Above the numbers of all fields of operators.
  private static let fieldLimit = 16

  private let message: ProtobufMessage
  /// How errors name the layer.
  private let layer: String
  private let tensors: TensorReader
  private var fields = InlineArray<16, ProtobufMessage.Field?>(repeating: nil)
  private var areRepeated = InlineArray<16, Bool>(repeating: false)

  init(_ message: ProtobufMessage, of layer: String, _ tensors: TensorReader) throws(GoogLeNetError) {
    self.message = message
    self.layer = layer
    self.tensors = tensors
    var rest = message
    while let field = try rest.next() {
      guard field.number < OperatorReader.fieldLimit else { continue }
      let place = Int(field.number)
      if let earlier = fields[place] {
        guard earlier.type == field.type else { throw message.wrongType(field) }
        areRepeated[place] = true
      }
      fields[place] = field
    }
  }

  private func number32(_ field: Int) throws(GoogLeNetError) -> UInt32 {
    guard let found = fields[field] else { return 0 }
    return try message.number32(found)
  }

  func number(_ field: Int, _ name: StaticString, _ value: Int?) throws(GoogLeNetError) -> Int {
    Int(try number32(field))
  }

  func choice(_ field: Int, _ value: UInt32?) throws(GoogLeNetError) -> UInt32 { try number32(field) }

  func flag(_ field: Int, _ value: Bool?) throws(GoogLeNetError) -> Bool {
    guard let found = fields[field] else { return false }
    return try message.number(found) != 0
  }

  func float(_ field: Int, _ value: Float?) throws(GoogLeNetError) -> Float {
    guard let found = fields[field] else { return 0 }
    return try message.float(found)
  }

  func tensor(_ field: Int, _ name: StaticString, _ value: Tensor?) throws(GoogLeNetError) -> Tensor? {
    guard let found = fields[field] else { return nil }
    guard !areRepeated[field] else { throw invalid("has its \(name) twice") }
    return try tensors.read(try message.message(found), name, of: layer)
  }

  @inline(never)
  func invalid(_ what: String) -> GoogLeNetError {
    GoogLeNetError(.invalidModel, "\(tensors.source): layer '\(layer)' \(what)")
  }
}
