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

  /// Four numbers from `field` on.
  mutating func padding(_ field: Int, _ value: Padding?) throws(GoogLeNetError) -> Padding {
    Padding(
      top: try number(field, "padding", value?.top), left: try number(field + 1, "padding", value?.left),
      bottom: try number(field + 2, "padding", value?.bottom), right: try number(field + 3, "padding", value?.right))
  }
}
