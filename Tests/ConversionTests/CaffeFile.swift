/// Small Caffe networks, serialized for tests.
struct CaffeFile {
  /// One layer: its name, type, blobs' names, and trained blobs as (dimensions, values).
  struct Layer {
    var name: String
    var type: String
    var bottoms: [String]
    var tops: [String]
    var blobs: [(dims: [Int], values: [Float])] = []
    /// The parameter's field number in the current and the legacy form, and its content.
    var parameter: (current: UInt64, legacy: UInt64, content: WireWriter)?
    /// The phase of an include rule: 0 train, 1 test.
    var includePhase: Int?
  }

  var layers: [Layer] = []
  var isLegacy = false
  var input: (name: String, dims: [Int])?

  private static let legacyTypes = [
    "Accuracy": 1, "Concat": 3, "Convolution": 4, "Data": 5, "Dropout": 6, "InnerProduct": 14, "LRN": 15,
    "Pooling": 17, "ReLU": 18, "Softmax": 20, "SoftmaxWithLoss": 21, "Split": 22, "Eltwise": 25, "Sigmoid": 19,
  ]

  var bytes: [UInt8] {
    WireWriter { net in
      net.text(1, "small")
      if let input {
        net.text(3, input.name)
        for dim in input.dims { net.number(4, dim) }
      }
      for layer in layers {
        if isLegacy {
          net.message(2) { legacy(layer, &$0) }
        } else {
          net.message(100) { current(layer, &$0) }
        }
      }
    }.bytes
  }

  private func current(_ layer: Layer, _ it: inout WireWriter) {
    it.text(1, layer.name)
    it.text(2, layer.type)
    for bottom in layer.bottoms { it.text(3, bottom) }
    for top in layer.tops { it.text(4, top) }
    for blob in layer.blobs {
      it.message(7) { it in
        it.message(7) { $0.packedNumbers(1, blob.dims) }
        it.packedFloats(5, blob.values)
      }
    }
    if let phase = layer.includePhase { it.message(8) { $0.number(1, phase) } }
    if let (field, _, content) = layer.parameter { it.data(field, content.bytes) }
  }

  private func legacy(_ layer: Layer, _ it: inout WireWriter) {
    for bottom in layer.bottoms { it.text(2, bottom) }
    for top in layer.tops { it.text(3, top) }
    it.text(4, layer.name)
    it.number(5, CaffeFile.legacyTypes[layer.type] ?? 99)
    for blob in layer.blobs {
      it.message(6) { it in
        let dims = [Int](repeating: 1, count: 4 - blob.dims.count) + blob.dims
        for (index, dim) in dims.enumerated() { it.number(UInt64(index + 1), dim) }
        it.packedFloats(5, blob.values)
      }
    }
    if let (_, field, content) = layer.parameter { it.data(field, content.bytes) }
    if let phase = layer.includePhase { it.message(32) { $0.number(1, phase) } }
  }

  // MARK: - Layers

  static func convolution(_ name: String, _ bottom: String, inputs: Int, outputs: Int, kernel: Int, pad: Int = 0)
    -> Layer
  {
    let count = outputs * inputs * kernel * kernel
    return Layer(
      name: name, type: "Convolution", bottoms: [bottom], tops: [name],
      blobs: [
        ([outputs, inputs, kernel, kernel], (0..<count).map { Float($0 % 7) - 3 }),
        ([outputs], (0..<outputs).map(Float.init)),
      ],
      parameter: (
        106, 10,
        WireWriter {
          $0.number(1, outputs)
          $0.number(3, pad)
          $0.number(4, kernel)
        }
      ))
  }

  static func innerProduct(_ name: String, _ bottom: String, inputs: Int, outputs: Int) -> Layer {
    Layer(
      name: name, type: "InnerProduct", bottoms: [bottom], tops: [name],
      blobs: [
        ([outputs, inputs], (0..<outputs * inputs).map { Float($0 % 5) - 2 }),
        ([outputs], [Float](repeating: 1, count: outputs)),
      ], parameter: (117, 17, WireWriter { $0.number(1, outputs) }))
  }

  static func pooling(_ name: String, _ bottom: String, average: Bool, kernel: Int, stride: Int) -> Layer {
    Layer(
      name: name, type: "Pooling", bottoms: [bottom], tops: [name],
      parameter: (
        121, 19,
        WireWriter {
          $0.number(1, average ? 1 : 0)
          $0.number(2, kernel)
          $0.number(3, stride)
        }
      ))
  }

  static func simple(_ name: String, _ type: String, _ bottoms: String..., top: String) -> Layer {
    Layer(name: name, type: type, bottoms: bottoms, tops: [top])
  }

  /// data → conv → relu in place → pool 2 × 2 → fc → dropout in place → prob, for an 8 × 8 input.
  static func small(legacy: Bool) -> CaffeFile {
    var file = CaffeFile()
    file.isLegacy = legacy
    file.input = ("data", [1, 3, 8, 8])
    file.layers = [
      convolution("conv", "data", inputs: 3, outputs: 2, kernel: 3, pad: 1),
      simple("relu", "ReLU", "conv", top: "conv"),
      pooling("pool", "conv", average: true, kernel: 2, stride: 2),
      innerProduct("fc", "pool", inputs: 2 * 4 * 4, outputs: 3),
      simple("drop", "Dropout", "fc", top: "fc"),
      simple("prob", "Softmax", "fc", top: "prob"),
    ]
    return file
  }

  /// As it is stored after training: a data layer with its Split, an auxiliary head, losses, an accuracy that is only
  /// tested.
  static func trained() -> CaffeFile {
    var file = small(legacy: true)
    file.input = nil
    var data = Layer(name: "data", type: "Data", bottoms: [], tops: ["data", "label"])
    data.includePhase = 0
    data.parameter = (
      100, 36,
      WireWriter {
        $0.number(3, 8)
        for mean: Float in [10, 20, 30] { $0.float(5, mean) }
      }
    )
    var accuracy = simple("top-1", "Accuracy", "fc", "label", top: "top-1")
    accuracy.includePhase = 1
    file.layers.removeLast()
    file.layers[0].bottoms = ["data_0"]
    file.layers.insert(contentsOf: [data, simple("data_split", "Split", "data", top: "data_0")], at: 0)
    file.layers.insert(
      contentsOf: [
        innerProduct("loss1/classifier", "conv", inputs: 2 * 8 * 8, outputs: 3),
        simple("loss1/loss", "SoftmaxWithLoss", "loss1/classifier", "label", top: "loss1/loss"),
      ], at: 4)
    file.layers += [simple("loss3/loss3", "SoftmaxWithLoss", "fc", "label", top: "loss3/loss3"), accuracy]
    return file
  }
}
