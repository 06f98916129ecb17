/// What an option that may also be left open says.
enum Answer: NamedValue {
  case yes
  case no

  static var allNamed: [(name: String, value: Answer)] { [("yes", .yes), ("no", .no)] }
}
