import GoogLeNet

/// A node of a foreign graph, as errors name it.
protocol ForeignNode {
  var name: String { get }
  var type: String { get }
  var file: InputFile { get }
  /// What its format calls a node.
  static var word: String { get }
  /// What the layer that is made of it is called, where nothing else is called so.
  var layerName: String { get }
  /// A number that it says; nil where it does not.
  func number(_ name: String) throws(GoogLeNetError) -> Float?
}

extension ForeignNode {
  static var word: String { "node" }

  var layerName: String { name }

  func number(_ name: String) throws(GoogLeNetError) -> Float? { nil }

  func invalid(_ what: String) -> GoogLeNetError { file.invalid("\(Self.word) '\(name)' (\(type)): \(what)") }

  func unsupported(_ what: String) -> GoogLeNetError { file.unsupported("\(Self.word) '\(name)' (\(type)): \(what)") }
}
