/// Small ONNX models, serialized for tests.
struct ONNXFile {
  struct Node {
    var type: String
    var inputs: [String]
    var output: String
    var name = ""
    /// Attributes by name: what is written into each AttributeProto after its name.
    var attributes: [(name: String, content: WireWriter)] = []
  }

  struct Tensor {
    var name: String
    var dims: [Int]
    var content: WireWriter
  }

  var opset = 13
  var inputDims: [Int] = [0, 3, 8, 8]
  var nodes: [Node] = []
  var tensors: [Tensor] = []
  var outputs = ["prob"]

  var bytes: [UInt8] {
    WireWriter { model in
      model.number(1, 8)
      model.text(2, "test")
      model.message(7) { graph in
        for node in nodes {
          graph.message(1) { it in
            for input in node.inputs { it.text(1, input) }
            it.text(2, node.output)
            it.text(3, node.name)
            it.text(4, node.type)
            for (name, content) in node.attributes { it.data(5, WireWriter { $0.text(1, name) }.bytes + content.bytes) }
          }
        }
        for tensor in tensors { graph.data(5, ONNXFile.serialize(tensor)) }
        graph.message(11) { input in
          input.text(1, "image")
          input.message(2) { type in
            type.message(1) { tensor in
              tensor.number(1, 1)
              tensor.message(2) { shape in
                for dim in inputDims {
                  shape.message(1) { if dim > 0 { $0.number(1, dim) } else { $0.text(2, "N") } }
                }
              }
            }
          }
        }
        for output in outputs { graph.message(12) { $0.text(1, output) } }
      }
      model.message(8) { $0.number(2, opset) }
    }.bytes
  }

  static func serialize(_ tensor: Tensor) -> [UInt8] {
    var header = WireWriter()
    for dim in tensor.dims { header.number(1, dim) }
    header.text(8, tensor.name)
    return header.bytes + tensor.content.bytes
  }

  // MARK: - Parts

  static func floats(_ name: String, _ dims: [Int], _ values: [Float]) -> Tensor {
    Tensor(
      name: name, dims: dims,
      content: WireWriter {
        $0.number(2, 1)
        $0.data(9, littleEndian(values))
      })
  }

  static func ints(_ name: String, _ values: [Int]) -> Tensor {
    Tensor(
      name: name, dims: [values.count],
      content: WireWriter {
        $0.number(2, 7)
        $0.packedNumbers(7, values)
      })
  }

  static func int(_ name: String, _ value: Int) -> (name: String, content: WireWriter) {
    (name, WireWriter { $0.number(3, value) })
  }

  static func ints(_ name: String, _ values: [Int]) -> (name: String, content: WireWriter) {
    (name, WireWriter { for value in values { $0.number(8, value) } })
  }

  static func float(_ name: String, _ value: Float) -> (name: String, content: WireWriter) {
    (name, WireWriter { $0.float(2, value) })
  }

  static func string(_ name: String, _ value: String) -> (name: String, content: WireWriter) {
    (name, WireWriter { $0.text(4, value) })
  }

  mutating func add(
    _ type: String, _ inputs: [String], _ output: String, _ attributes: (name: String, content: WireWriter)...
  ) {
    nodes.append(Node(type: type, inputs: inputs, output: output, name: "n_" + output, attributes: attributes))
  }

  /// Weights (2, 3, 3, 3) and a bias, as the first convolution reads them.
  static let weights: [Float] = (0..<54).map { Float($0 % 7) - 3 }

  /// image → conv → relu → pool over all → flat → fc → prob.
  static func small() -> ONNXFile {
    var file = ONNXFile()
    file.tensors = [
      floats("w", [2, 3, 3, 3], weights), floats("b", [2], [1, 2]), floats("m", [2, 4], (0..<8).map(Float.init)),
      floats("c", [4], [1, 2, 3, 4]),
    ]
    file.add("Conv", ["image", "w", "b"], "conv", ints("pads", [1, 1, 1, 1]))
    file.add("Relu", ["conv"], "relu")
    file.add("GlobalAveragePool", ["relu"], "pool")
    file.add("Flatten", ["pool"], "flat")
    file.add("Gemm", ["flat", "m", "c"], "fc")
    file.add("Softmax", ["fc"], "prob")
    return file
  }
}
