import GoogLeNet

/// An operator of a TFLite model.
struct TFLiteOperator: ForeignNode {
  /// Its first output's name.
  var name: String
  let type: String
  let file: InputFile
  /// Tensors; -1 stands for one that is left out.
  let inputs: [Int]
  let outputs: [Int]
  let options: FlatTable?

  /// Those that are converted, and others that networks of pictures often have.
  private static let names: [Int: String] = [
    0: "ADD", 1: "AVERAGE_POOL_2D", 2: "CONCATENATION", 3: "CONV_2D", 4: "DEPTHWISE_CONV_2D", 6: "DEQUANTIZE",
    9: "FULLY_CONNECTED", 11: "L2_NORMALIZATION", 12: "L2_POOL_2D", 13: "LOCAL_RESPONSE_NORMALIZATION", 14: "LOGISTIC",
    17: "MAX_POOL_2D", 18: "MUL", 19: "RELU", 20: "RELU_N1_TO_1", 21: "RELU6", 22: "RESHAPE", 23: "RESIZE_BILINEAR",
    25: "SOFTMAX", 28: "TANH", 34: "PAD", 39: "TRANSPOSE", 40: "MEAN", 41: "SUB", 42: "DIV", 43: "SQUEEZE",
    45: "STRIDED_SLICE", 53: "CAST", 54: "PRELU", 60: "PADV2", 67: "TRANSPOSE_CONV", 77: "SHAPE", 83: "PACK",
    98: "LEAKY_RELU", 106: "ADD_N", 114: "QUANTIZE", 117: "HARD_SWISH",
  ]

  init(_ table: FlatTable, codes: (FlatTable) throws(GoogLeNetError) -> FlatTable) throws(GoogLeNetError) {
    file = table.file
    let code = try codes(table)
    // Older files have the number in one byte.
    let number = max(try code.number(0, Int8.self), try code.number(3, Int32.self))
    let custom = try code.text(1)
    type = custom.isEmpty ? TFLiteOperator.names[number] ?? "builtin operator \(number)" : custom
    inputs = try table.numbers(1, Int32.self) ?? []
    outputs = try table.numbers(2, Int32.self) ?? []
    options = try table.table(4)
    name = ""
  }

  /// Of its options alpha is the first.
  func number(_ name: String) throws(GoogLeNetError) -> Float? { name == "alpha" ? try options?.float(0) : nil }

  func option<Value: FixedWidthInteger>(_ field: Int, _ type: Value.Type, _ fallback: Value = 0)
    throws(GoogLeNetError) -> Int
  {
    try options?.number(field, type, fallback) ?? Int(truncatingIfNeeded: fallback)
  }
}
