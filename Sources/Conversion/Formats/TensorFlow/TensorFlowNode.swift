import CForeignFormats
import GoogLeNet

/// A node of a TensorFlow graph or function. It reads from the message, which must outlive it.
struct TensorFlowNode: ForeignNode {
  let name: String
  let type: String
  /// Without those that only order execution.
  let inputs: [String]
  let file: InputFile
  private let attributes: UnsafeBufferPointer<UnsafeMutablePointer<Tensorflow__AttributeEntry>?>

  init(_ it: Tensorflow__Node, _ file: InputFile) {
    name = text(it.name)
    type = text(it.op)
    inputs = texts(it.n_input, it.input).filter { $0.utf8.first != UInt8(ascii: "^") }
    attributes = UnsafeBufferPointer(start: it.attr, count: it.n_attr)
    self.file = file
  }

  private func attribute(_ name: String) -> Tensorflow__Attribute? {
    for entry in attributes {
      if let entry = entry?.pointee, text(entry.key) == name { return entry.value?.pointee }
    }
    return nil
  }

  func int(_ name: String, _ fallback: Int) -> Int {
    attribute(name).map { Int($0.i) } ?? fallback
  }

  func float(_ name: String, _ fallback: Float) -> Float { attribute(name)?.f ?? fallback }

  func number(_ name: String) -> Float? { attribute(name)?.f }

  func bool(_ name: String, _ fallback: Bool) -> Bool { attribute(name).map { $0.b != 0 } ?? fallback }

  func ints(_ name: String) -> [Int]? {
    attribute(name)?.list.map { UnsafeBufferPointer(start: $0.pointee.i, count: $0.pointee.n_i).map { Int($0) } }
  }

  func string(_ name: String) -> String? {
    attribute(name).map { String(decoding: UnsafeBufferPointer(start: $0.s.data, count: $0.s.len), as: UTF8.self) }
  }

  /// An element type's number.
  func elementType(_ name: String) -> Int32? { attribute(name)?.type }

  func function(_ name: String) -> String? { attribute(name)?.func.map { text($0.pointee.name) } }

  func tensor(_ name: String) -> Tensorflow__Tensor? { attribute(name)?.tensor?.pointee }

  /// nil where the shape is missing or of unknown rank; dimensions are nil where they are open.
  func shape(_ name: String) -> [Int?]? {
    guard let shape = attribute(name)?.shape?.pointee, shape.unknown_rank == 0 else { return nil }
    return UnsafeBufferPointer(start: shape.dim, count: shape.n_dim).map { dim in
      guard let dim = dim?.pointee, dim.size >= 0 else { return nil }
      return Int(dim.size)
    }
  }
}
