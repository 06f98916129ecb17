/// What a pickle makes, as far as tensors need it. Nothing in it can run.
enum PickleValue {
  case none
  case bool(Bool)
  case integer(Int)
  case float(Double)
  case string(String)
  case bytes
  /// A list, tuple or set.
  case sequence(PickleSequence)
  case dictionary(PickleDictionary)
  /// A class or function by its name: "collections.OrderedDict".
  case global(String)
  case storage(TorchStorage)
  case tensor(TorchTensor)

  var integer: Int? {
    if case .integer(let value) = self { return value }
    return nil
  }

  var string: String? {
    if case .string(let value) = self { return value }
    return nil
  }

  var items: [PickleValue]? {
    if case .sequence(let sequence) = self { return sequence.items }
    return nil
  }

  /// The items as numbers.
  var integers: [Int]? {
    guard let items else { return nil }
    var result: [Int] = []
    for item in items {
      guard let integer = item.integer else { return nil }
      result.append(integer)
    }
    return result
  }
}

/// A list, tuple or set of a pickle. An object, for later opcodes add to it wherever it already stands.
final class PickleSequence {
  var items: [PickleValue]

  init(_ items: [PickleValue] = []) {
    self.items = items
  }
}

/// A dictionary of a pickle, in order.
final class PickleDictionary {
  var items: [(key: PickleValue, value: PickleValue)]

  init(_ items: [(key: PickleValue, value: PickleValue)] = []) {
    self.items = items
  }

  /// The last value of a text key.
  subscript(key: String) -> PickleValue? {
    items.last { $0.key.string == key }?.value
  }
}
