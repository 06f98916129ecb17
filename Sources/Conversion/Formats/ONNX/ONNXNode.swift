import CForeignFormats
import GoogLeNet

/// A node of an ONNX graph. It reads from the message, which must outlive it.
struct ONNXNode: ForeignNode {
  /// The node's own name or, where it has none, its output's.
  let name: String
  let type: String
  /// "" stands for one that is left out.
  let inputs: [String]
  let outputs: [String]
  /// As the value that it makes, which exporters name and other nodes read.
  var layerName: String { outputs.first ?? name }
  private let attributes: UnsafeBufferPointer<UnsafeMutablePointer<Onnx__Attribute>?>
  let file: InputFile

  init(_ it: Onnx__Node, _ file: InputFile) {
    inputs = texts(it.n_input, it.input)
    outputs = texts(it.n_output, it.output)
    let own = text(it.name)
    name = own.isEmpty ? outputs.first ?? "" : own
    let domain = text(it.domain)
    type = domain.isEmpty || domain == "ai.onnx" ? text(it.op_type) : "\(domain).\(text(it.op_type))"
    attributes = UnsafeBufferPointer(start: it.attribute, count: it.n_attribute)
    self.file = file
  }

  private func attribute(_ name: String) -> Onnx__Attribute? {
    for attribute in attributes {
      if let attribute = attribute?.pointee, text(attribute.name) == name { return attribute }
    }
    return nil
  }

  func int(_ name: String, _ fallback: Int) -> Int {
    attribute(name).map { Int($0.i) } ?? fallback
  }

  func float(_ name: String, _ fallback: Float) -> Float {
    attribute(name)?.f ?? fallback
  }

  func number(_ name: String) -> Float? { attribute(name)?.f }

  func ints(_ name: String) -> [Int]? {
    attribute(name).map { UnsafeBufferPointer(start: $0.ints, count: $0.n_ints).map { Int($0) } }
  }

  func floats(_ name: String) -> [Float]? {
    attribute(name).map { [Float](UnsafeBufferPointer(start: $0.floats, count: $0.n_floats)) }
  }

  func string(_ name: String) -> String? {
    attribute(name).map { String(decoding: UnsafeBufferPointer(start: $0.s.data, count: $0.s.len), as: UTF8.self) }
  }

  func tensor(_ name: String) -> Onnx__Tensor? { attribute(name)?.t?.pointee }

  func has(_ name: String) -> Bool { attribute(name) != nil }
}
