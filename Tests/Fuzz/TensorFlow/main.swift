import GoogLeNet

@testable import Conversion
@testable import FuzzSupport

// Frozen graphs of TensorFlow.

typealias Attribute = (key: String, value: WireWriter)

func node(_ name: String, _ operation: String, _ inputs: [String], _ attributes: [Attribute] = []) -> [UInt8] {
  WireWriter { graph in
    graph.message(1) { it in
      it.text(1, name)
      it.text(2, operation)
      for input in inputs { it.text(3, input) }
      for attribute in attributes {
        it.message(5) {
          $0.text(1, attribute.key)
          $0.data(2, attribute.value.bytes)
        }
      }
    }
  }.bytes
}

func shape(_ dims: [Int]) -> WireWriter {
  WireWriter { shape in
    for dim in dims { shape.message(2) { $0.number(1, dim) } }
  }
}

func text(_ key: String, _ value: String) -> Attribute { (key, WireWriter { $0.text(2, value) }) }

func integers(_ key: String, _ values: [Int]) -> Attribute {
  (key, WireWriter { $0.message(1) { $0.packedNumbers(3, values) } })
}

func float(_ key: String, _ value: Float) -> Attribute { (key, WireWriter { $0.float(4, value) }) }

func integer(_ key: String, _ value: Int) -> Attribute { (key, WireWriter { $0.number(3, value) }) }

/// - Parameter isRaw: as bytes instead of a list of numbers.
func constant(_ name: String, _ dims: [Int], isRaw: Bool = true) -> [UInt8] {
  let values = (0..<dims.reduce(1, *)).map { Float($0 % 5) / 4 + 0.25 }
  let tensor = WireWriter {
    $0.number(1, 1)
    $0.data(2, shape(dims).bytes)
    if isRaw { $0.data(4, littleEndian(values)) } else { $0.packedFloats(5, [values[0]]) }
  }
  return node(name, "Const", [], [("value", WireWriter { $0.data(8, tensor.bytes) })])
}

func constant(_ name: String, numbers: [Int]) -> [UInt8] {
  let tensor = WireWriter {
    $0.number(1, 3)
    $0.data(2, shape([numbers.count]).bytes)
    $0.packedNumbers(7, numbers)
  }
  return node(name, "Const", [], [("value", WireWriter { $0.data(8, tensor.bytes) })])
}

func window(_ padding: String, strides: Int, kernel: Int? = nil) -> [Attribute] {
  [text("padding", padding), integers("strides", [1, strides, strides, 1])]
    + (kernel.map { [integers("ksize", [1, $0, $0, 1])] } ?? [])
}

func placeholder() -> [UInt8] {
  node("image", "Placeholder", [], [("shape", WireWriter { $0.data(7, shape([-1, 16, 12, 3]).bytes) })])
}

/// As TensorFlow's own first file of the network has it.
func old() -> [UInt8] {
  placeholder() + constant("w", [3, 3, 3, 4]) + constant("b", [4])
    + node("conv", "Conv2D", ["image", "w"], window("SAME", strides: 2))
    + node("sum", "BiasAdd", ["conv", "b"]) + node("relu", "Relu", ["sum"])
    + node("max", "MaxPool", ["relu"], window("SAME", strides: 1, kernel: 3))
    + node(
      "norm", "LRN", ["max"],
      [integer("depth_radius", 2), float("alpha", 0.5), float("beta", 0.75), float("bias", 2)])
    + constant("axis", numbers: [3]) + node("join", "Concat", ["axis", "norm", "relu"])
    + node("mean", "AvgPool", ["join"], window("VALID", strides: 1, kernel: 4))
    + constant("shape", numbers: [-1, 120]) + node("flat", "Reshape", ["mean", "shape"])
    + constant("m", [120, 5], isRaw: false) + node("product", "MatMul", ["flat", "m"]) + constant("c", [5])
    + node("fc", "Add", ["product", "c"]) + node("prob", "Softmax", ["fc"])
}

/// As slim's export has it.
func new() -> [UInt8] {
  placeholder() + constant("mean", [3]) + node("centred", "Sub", ["image", "mean"]) + constant("w", [3, 3, 3, 4])
    + node("w/read", "Identity", ["w"]) + node("conv", "Conv2D", ["centred", "w/read"], window("SAME", strides: 2))
    + ["gamma", "beta", "moving_mean", "variance"].flatMap { constant($0, [4]) }
    + node(
      "bn", "FusedBatchNormV3", ["conv", "gamma", "beta", "moving_mean", "variance"], [float("epsilon", 0.001)])
    + node("relu", "Relu", ["bn"]) + constant("w5", [5, 5, 3, 2])
    + node("conv5", "Conv2D", ["centred", "w5"], window("VALID", strides: 1))
    + constant("axis", numbers: [3]) + constant("axes", numbers: [1, 2])
    + node("pool", "Mean", ["relu", "axes"], [("keep_dims", WireWriter { $0.number(5, 1) })])
    + node("join", "ConcatV2", ["pool", "pool", "axis"]) + constant("w1", [1, 1, 8, 5])
    + node("logits", "Conv2D", ["join", "w1"], window("SAME", strides: 1))
    + node("squeezed", "Squeeze", ["logits"], [integers("squeeze_dims", [1, 2])])
    + node("prob", "Softmax", ["squeezed"])
}

fuzz(seeds: [old(), new(), golden("graphdef-2015.pb"), golden("graphdef-dropout.pb"), golden("graphdef-slim.pb")]) {
  bytes throws(GoogLeNetError) in
  try convertAndReload(bytes)
}
