/// An operator's message in a model file, which is being read or written: one description of the fields serves both.
///
/// Each function takes the number of a field and, when writing, what it holds; it returns what the field holds.
public protocol OperatorMessage {
  /// - Parameter name: how errors call it.
  mutating func number(_ field: Int, _ name: StaticString, _ value: Int?) throws(GoogLeNetError) -> Int
  /// The number of one of an enumeration's cases.
  mutating func choice(_ field: Int, _ value: UInt32?) throws(GoogLeNetError) -> UInt32
  mutating func flag(_ field: Int, _ value: Bool?) throws(GoogLeNetError) -> Bool
  mutating func float(_ field: Int, _ value: Float?) throws(GoogLeNetError) -> Float
  /// nil where there is none.
  mutating func tensor(_ field: Int, _ name: StaticString, _ value: Tensor?) throws(GoogLeNetError) -> Tensor?
  /// The error for a message that is wrong.
  func invalid(_ what: String) -> GoogLeNetError
}

extension OperatorMessage {
  /// A tensor that must be there.
  mutating func weights(_ field: Int, _ value: Tensor?) throws(GoogLeNetError) -> Tensor {
    guard let weights = try tensor(field, "weights", value) else { throw invalid("has no weights") }
    return weights
  }

  /// Four numbers from `field` on, which are 0 where a rule stands for them.
  mutating func padding(_ field: Int, _ value: Border?) throws(GoogLeNetError) -> Padding {
    var padding = Padding()
    if case .explicit(let it)? = value { padding = it }
    return Padding(
      top: try number(field, "padding", padding.top), left: try number(field + 1, "padding", padding.left),
      bottom: try number(field + 2, "padding", padding.bottom), right: try number(field + 3, "padding", padding.right))
  }

  /// The rule of the padding.
  /// - Parameter padding: what the message's four numbers say.
  mutating func border(_ field: Int, _ value: Border?, beside padding: Padding) throws(GoogLeNetError) -> Border {
    let rule = try choice(field, value?.paddingRule)
    guard rule != Border.valid.paddingRule else { return .explicit(padding) }
    guard padding == Padding() else {
      throw invalid("has a padding rule and numbers of padding, only one of which may say how much there is")
    }
    for border in [Border.same(extraFirst: false), .same(extraFirst: true)] where border.paddingRule == rule {
      return border
    }
    throw invalid("has padding rule \(rule), which is neither EXPLICIT (0) nor SAME_UPPER (1) nor SAME_LOWER (2)")
  }
}
