import GoogLeNet

/// A value that options and reports call by a name.
protocol NamedValue: Equatable {
  static var allNamed: [(name: String, value: Self)] { get }
}

extension NamedValue {
  var choiceName: String { Self.allNamed.first { $0.value == self }?.name ?? "" }
}

extension ISA: NamedValue {
  static var allNamed: [(name: String, value: ISA)] { allCases.map { ("\($0.name)", $0) } }
}

extension Backend: NamedValue {
  static var allNamed: [(name: String, value: Backend)] { [("native", .native), ("openblas", .openBLAS)] }
}

extension Algorithm: NamedValue {
  static var allNamed: [(name: String, value: Algorithm)] { [("auto", .auto), ("direct", .direct)] }
}

extension Output: NamedValue {
  static var allNamed: [(name: String, value: Output)] { [("probabilities", .probabilities), ("logits", .logits)] }
}

extension Precision: NamedValue {
  static var allNamed: [(name: String, value: Precision)] {
    [("auto", .auto), ("float32", .float32), ("int8", .int8)]
  }
}

extension ElementType: NamedValue {
  static var allNamed: [(name: String, value: ElementType)] {
    [("float32", .float32), ("float16", .float16), ("int8", .int8)]
  }
}

extension Preprocessing.ResizeRule: NamedValue {
  static var allNamed: [(name: String, value: Preprocessing.ResizeRule)] { allCases.map { ("\($0.name)", $0) } }
}

extension Preprocessing.ChannelOrder: NamedValue {
  static var allNamed: [(name: String, value: Preprocessing.ChannelOrder)] {
    [("rgb", .rgb), ("bgr", .bgr), ("gray", .gray)]
  }
}
