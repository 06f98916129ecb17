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

  /// Integers as raw bytes of an ONNX element type; a scalar without dims.
  static func integers<Value: FixedWidthInteger>(_ name: String, _ dims: [Int], type: Int, _ values: [Value]) -> Tensor
  {
    Tensor(
      name: name, dims: dims,
      content: WireWriter {
        $0.number(2, type)
        $0.data(9, values.flatMap { value in withUnsafeBytes(of: value.littleEndian) { [UInt8]($0) } })
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

  /// The small network in QDQ form as ONNX Runtime writes it: its ReLU left to a QuantizeLinear whose zero point is 0.
  static func quantized() -> ONNXFile {
    var file = ONNXFile()
    file.tensors = [
      integers("w8", [2, 3, 3, 3], type: 3, weights.map { Int8($0) }), floats("ws", [2], [0.5, 0.25]),
      integers("wz", [2], type: 3, [Int8(0), 0]), integers("b32", [2], type: 6, [Int32(40), -80]),
      floats("bs", [2], [0.25, 0.125]), integers("bz", [2], type: 6, [Int32(0), 0]),
      integers("m8", [2, 4], type: 3, (0..<8).map { Int8($0 - 4) }), floats("ms", [4], [1, 2, 3, 4]),
      integers("mz", [4], type: 3, [Int8](repeating: 0, count: 4)), floats("c", [4], [1, 2, 3, 4]),
      floats("is", [], [0.5]), integers("iz", [], type: 2, [UInt8(128)]), floats("rs", [], [0.125]),
      integers("zero", [], type: 2, [UInt8(0)]), floats("ps", [], [0.0625]), floats("ls", [], [2]),
      integers("lz", [], type: 2, [UInt8(100)]),
    ]
    file.pair("image", "is", "iz")
    file.add("DequantizeLinear", ["w8", "ws", "wz"], "w", int("axis", 0))
    file.add("DequantizeLinear", ["b32", "bs", "bz"], "b", int("axis", 0))
    file.add("DequantizeLinear", ["m8", "ms", "mz"], "m", int("axis", 1))
    file.add("Conv", ["image_dq", "w", "b"], "conv", ints("pads", [1, 1, 1, 1]))
    file.pair("conv", "rs", "zero")
    file.add("GlobalAveragePool", ["conv_dq"], "pool")
    file.pair("pool", "ps", "zero")
    file.add("Flatten", ["pool_dq"], "flat")
    file.pair("flat", "ps", "zero")
    file.add("Gemm", ["flat_dq", "m", "c"], "fc")
    file.pair("fc", "ls", "lz")
    file.add("Softmax", ["fc_dq"], "prob")
    return file
  }

  /// value → value_q → value_dq.
  mutating func pair(_ value: String, _ scale: String, _ zeroPoint: String) {
    add("QuantizeLinear", [value, scale, zeroPoint], value + "_q")
    add("DequantizeLinear", [value + "_q", scale, zeroPoint], value + "_dq")
  }

  /// Replaces a tensor by one of the same name.
  mutating func replace(_ tensor: Tensor) {
    for index in tensors.indices where tensors[index].name == tensor.name { tensors[index] = tensor }
  }

  /// Changes the node that makes a value.
  mutating func change(_ output: String, _ body: (inout Node) -> Void) {
    for index in nodes.indices where nodes[index].output == output { body(&nodes[index]) }
  }
}
