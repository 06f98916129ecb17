import GoogLeNet

@testable import Conversion
@testable import FuzzSupport

// ONNX models.

func files() -> [ONNXFile] {
  var changed = ONNXFile.small()
  changed.opset = 9
  changed.inputDims = [1, 3, 8, 8]
  changed.nodes[2] = ONNXFile.Node(
    type: "ReduceMean", inputs: ["norm"], output: "pool",
    attributes: [ONNXFile.ints("axes", [2, 3]), ONNXFile.int("keepdims", 1)])
  changed.nodes[3] = ONNXFile.Node(type: "Reshape", inputs: ["pool", "shape"], output: "flat")
  changed.nodes[4] = ONNXFile.Node(type: "MatMul", inputs: ["flat", "m"], output: "product")
  changed.nodes.insert(ONNXFile.Node(type: "Add", inputs: ["c", "product"], output: "fc"), at: 5)
  changed.nodes.insert(
    ONNXFile.Node(
      type: "MaxPool", inputs: ["relu"], output: "max",
      attributes: [
        ONNXFile.ints("kernel_shape", [2, 2]), ONNXFile.ints("strides", [2, 2]), ONNXFile.int("ceil_mode", 1),
        ONNXFile.string("auto_pad", "SAME_UPPER"),
      ]), at: 2)
  changed.nodes.insert(
    ONNXFile.Node(
      type: "LRN", inputs: ["max"], output: "norm",
      attributes: [ONNXFile.int("size", 5), ONNXFile.float("alpha", 0.5), ONNXFile.float("beta", 0.75)]), at: 3)
  changed.tensors.append(ONNXFile.ints("shape", [0, -1]))

  var normalized = ONNXFile.small()
  let constant = ONNXFile.floats("", [2], [1, 2])
  normalized.nodes.insert(
    contentsOf: [
      ONNXFile.Node(
        type: "Constant", inputs: [], output: "v",
        attributes: [("value", WireWriter { $0.data(5, ONNXFile.serialize(constant)) })]),
      ONNXFile.Node(
        type: "BatchNormalization", inputs: ["conv", "b", "v", "b", "v"], output: "bn",
        attributes: [ONNXFile.float("epsilon", 1e-5)]),
      ONNXFile.Node(type: "Dropout", inputs: ["bn"], output: "drop"),
      ONNXFile.Node(type: "Concat", inputs: ["drop", "bn"], output: "join", attributes: [ONNXFile.int("axis", 1)]),
      ONNXFile.Node(
        type: "AveragePool", inputs: ["join"], output: "average",
        attributes: [
          ONNXFile.ints("kernel_shape", [3, 3]), ONNXFile.ints("pads", [1, 1, 1, 1]),
          ONNXFile.int("count_include_pad", 1),
        ]),
    ], at: 1)
  normalized.nodes[6].inputs = ["average"]
  normalized.tensors[2] = ONNXFile.floats("m", [4, 4], (0..<16).map(Float.init))

  var preprocessed = ONNXFile.small()
  preprocessed.inputDims = [0, 8, 8, 3]
  preprocessed.tensors.append(ONNXFile.floats("mean", [1, 1, 1, 3], [1, 2, 3]))
  preprocessed.tensors.append(ONNXFile.floats("factor", [], [0.5]))
  preprocessed.nodes[0].inputs[0] = "planes"
  preprocessed.nodes.insert(
    contentsOf: [
      ONNXFile.Node(type: "Sub", inputs: ["image", "mean"], output: "centred"),
      ONNXFile.Node(type: "Mul", inputs: ["centred", "factor"], output: "scaled"),
      ONNXFile.Node(
        type: "Transpose", inputs: ["scaled"], output: "planes", attributes: [ONNXFile.ints("perm", [0, 3, 1, 2])]),
    ], at: 0)

  var otherTypes = ONNXFile.small()
  otherTypes.tensors[0].content = WireWriter {
    $0.number(2, 10)
    $0.packedNumbers(5, ONNXFile.weights.map { Int(Float($0).bitPattern >> 16) })
  }
  otherTypes.tensors[1].content = WireWriter {
    $0.number(2, 11)
    $0.data(10, [UInt8](repeating: 63, count: 16))
  }
  otherTypes.tensors[3].content = WireWriter {
    $0.number(2, 1)
    $0.packedFloats(4, [1, 2, 3, 4])
  }
  return [ONNXFile.small(), changed, normalized, preprocessed, otherTypes, ONNXFile.quantized()]
}

fuzz(seeds: files().map(\.bytes)) { bytes throws(GoogLeNetError) in
  guard FileKind(InputFile(name: "input", folder: nil, bytes: bytes)) == .onnx else { return }
  try convertAndReload(bytes)
}
