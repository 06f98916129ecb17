import ArgumentParser

/// One of the values of an enumeration of the core, by name.
struct Choice<Value: NamedValue>: ExpressibleByArgument {
  let value: Value

  init(_ value: Value) { self.value = value }

  init?(argument: String) {
    guard let found = Value.allNamed.first(where: { $0.name == argument }) else { return nil }
    value = found.value
  }

  static var allValueStrings: [String] { Value.allNamed.map(\.name) }
  var defaultValueDescription: String { value.choiceName }
}
