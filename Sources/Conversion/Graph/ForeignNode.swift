import GoogLeNet

/// A node of a foreign graph, as errors name it.
protocol ForeignNode {
  var name: String { get }
  var type: String { get }
  var file: InputFile { get }
}

extension ForeignNode {
  func invalid(_ what: String) -> GoogLeNetError { file.invalid("node '\(name)' (\(type)): \(what)") }

  func unsupported(_ what: String) -> GoogLeNetError { file.unsupported("node '\(name)' (\(type)): \(what)") }
}
