import Conversion
import GoogLeNet
import Testing

@Suite struct PaddingFixTests {
  private var fixing: ConversionOptions {
    var options = ConversionOptions()
    options.fixesPadding = true
    return options
  }

  /// data → 1 × 1, 3 × 3 and, after a 1 × 1 and a ReLU, 5 × 5 with a ReLU → join → pool over all → prob.
  private func module(wideNamed wide: String = "5x5", pad: Int, kernel: Int = 5, stride: Int = 1) -> CaffeFile {
    var file = CaffeFile()
    file.input = ("data", [1, 3, 8, 8])
    var convolution = CaffeFile.convolution(wide, "reduce", inputs: 2, outputs: 2, kernel: kernel, pad: pad)
    convolution.parameter?.content.number(6, stride)
    file.layers = [
      CaffeFile.convolution("1x1", "data", inputs: 3, outputs: 1, kernel: 1),
      CaffeFile.convolution("3x3", "data", inputs: 3, outputs: 2, kernel: 3, pad: 1),
      CaffeFile.convolution("reduce", "data", inputs: 3, outputs: 2, kernel: 1),
      CaffeFile.simple("relu_reduce", "ReLU", "reduce", top: "reduce"),
      convolution,
      CaffeFile.simple("relu", "ReLU", wide, top: wide),
      CaffeFile.simple("join", "Concat", "1x1", "3x3", wide, top: "join"),
      CaffeFile.pooling("pool", "join", average: true, kernel: 8, stride: 1),
      CaffeFile.simple("prob", "Softmax", "pool", top: "prob"),
    ]
    return file
  }

  private func expectEqual(_ left: ConversionResult, _ right: ConversionResult) throws {
    #expect(left.network.layers.count == right.network.layers.count)
    for (left, right) in zip(left.network.layers, right.network.layers) {
      try ConversionTests.expectEqual(left, right)
    }
  }

  @Test(arguments: [0, 1, 3, 4]) func branchesThatDoNotFitAreExplainedAndFixed(pad: Int) throws {
    let made = 8 + 2 * pad - 4
    expectError(
      module(pad: pad).bytes, .invalidModel, "'join' cannot join 1 x 8 x 8, 2 x 8 x 8, 2 x \(made) x \(made)",
      "the 5 x 5 convolution '5x5' has padding \(pad), so it makes \(made) x \(made)",
      "padding 2 would fit the 8 x 8", "--fix-padding")
    let result = try convert(module(pad: pad).bytes, options: fixing)
    try expectEqual(result, try convert(module(pad: 2).bytes))
    #expect(result.paddingFixes.map(\.layer) == ["5x5"])
    #expect(result.paddingFixes.first?.original.left == pad)
    #expect(result.paddingFixes.first?.fitting == Padding(top: 2, left: 2, bottom: 2, right: 2))
    #expect(result.notes.contains { $0.contains("the 5 x 5 convolution '5x5' 2 instead of \(pad)") })
  }

  @Test func windowsThatDoNotFitAreFixedToo() throws {
    var file = module(pad: 1, kernel: 11)
    expectError(file.bytes, .unsupported, "'5x5': a window of 11 pixels does not fit")
    let result = try convert(file.bytes, options: fixing)
    #expect(result.paddingFixes.map(\.fitting.top) == [5])
    file = module(pad: 5, kernel: 11)
    try expectEqual(result, try convert(file.bytes))
  }

  @Test func networksThatFitStayAsTheyAre() throws {
    let result = try convert(module(pad: 2).bytes, options: fixing)
    try expectEqual(result, try convert(module(pad: 2).bytes))
    #expect(result.paddingFixes.isEmpty)
    #expect(result.notes.contains { $0.contains("no padding had to be fixed") })
    #expect(try convert(module(pad: 2).bytes).notes.allSatisfy { !$0.contains("padding") })
  }

  /// Neither what strides do nor what an even kernel would need is guessed.
  @Test func whatNoPaddingExplainsIsRefused() {
    expectError(
      module(pad: 2, stride: 2).bytes, .invalidModel, "'join': it joins", "which differ in height or width",
      options: fixing)
    expectError(module(pad: 1, kernel: 4).bytes, .invalidModel, "'join': it joins", options: fixing)
    // Another layer reads the branch too.
    var file = module(pad: 1)
    file.layers[8].bottoms = ["both"]
    file.layers.insert(
      CaffeFile.convolution("other", "5x5", inputs: 2, outputs: 7, kernel: 6), at: 6)
    file.layers.insert(CaffeFile.simple("both", "Concat", "pool", "other", top: "both"), at: 9)
    expectError(file.bytes, .invalidModel, "'join': it joins", options: fixing)
    // Or does so later, having been read at the wrong size.
    file.layers.insert(file.layers.remove(at: 6), at: 8)
    expectError(
      file.bytes, .unsupported, "layer 'other' reads 'relu', whose size --fix-padding changed", options: fixing)
  }

  @Test func scriptsTellTheirPadding() throws {
    let file = TorchFile(wideKernel: 5, width: 2)
    let modules = ["3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b"].map { "inception\($0).branch3.1" }
    func script(_ padding: Int) -> [UInt8] {
      let sides = [Int](repeating: padding, count: 4)
      return file.script(code: "", paddings: Dictionary(uniqueKeysWithValues: modules.map { ("\($0).conv", sides) }))
    }
    let wanted = try convert(file.archive)
    #expect(wanted.notes.contains { $0.contains("the file does not tell padding") && $0.contains("2 around 5 x 5") })
    let right = try convert(script(2))
    #expect(right.notes.contains("its convolutions pad as the script tells"))
    try expectEqual(right, wanted)
    expectError(
      script(1), .invalidModel, "'inception3a' cannot join 2 x 28 x 28, 2 x 28 x 28, 2 x 26 x 26, 2 x 28 x 28",
      "the 5 x 5 convolution 'inception3a.branch3.1' has padding 1", "padding 2 would fit")
    let fixed = try convert(script(1), options: fixing)
    #expect(fixed.paddingFixes.map(\.layer) == modules)
    try expectEqual(fixed, wanted)
    // A script's padding counts wherever it stands: left, right, top, bottom.
    let stem = try convert(file.script(code: "", paddings: ["conv1.conv": [3, 2, 1, 0]]))
    guard case .convolution(let first) = stem.network.layers[0].operation else {
      Issue.record("not a convolution")
      return
    }
    #expect(first.border == .explicit(Padding(top: 1, left: 3, bottom: 0, right: 2)))
    // As torch.jit.script and torch.jit.trace write other modes.
    for code in [
      "  padding_mode : Final[str] = \"reflect\"\n", "    _0 = torch.pad(x, [1, 1, 1, 1], \"reflect\")\n",
    ] {
      expectError(
        file.script(code: code), .unsupported, "pads with the mode 'reflect': only padding with zeros is supported")
    }
    #expect(throws: Never.self) { try convert(file.script(code: "  padding_mode : Final[str] = \"zeros\"\n")) }
    // torchvision's own "5 x 5" branches are 3 x 3 with padding 1, which fits.
    #expect(try convert(TorchFile().archive, options: fixing).paddingFixes.isEmpty)
  }

  @Test func graphsOfNodesAreFixedToo() throws {
    var file = ONNXFile.small()
    file.tensors.append(ONNXFile.floats("w5", [2, 3, 5, 5], [Float](repeating: 0.5, count: 150)))
    file.change("pool") { $0.inputs = ["join"] }
    let pool = file.nodes.firstIndex { $0.output == "pool" } ?? 0
    file.nodes.insert(
      ONNXFile.Node(
        type: "Concat", inputs: ["relu", "wide_relu"], output: "join", name: "n_join",
        attributes: [ONNXFile.int("axis", 1)]), at: pool)
    file.nodes.insert(ONNXFile.Node(type: "Relu", inputs: ["wide"], output: "wide_relu"), at: pool)
    file.nodes.insert(
      ONNXFile.Node(
        type: "Conv", inputs: ["image", "w5"], output: "wide", attributes: [ONNXFile.ints("pads", [1, 1, 1, 1])]),
      at: pool)
    file.replace(ONNXFile.floats("m", [4, 4], (0..<16).map(Float.init)))
    expectError(file.bytes, .invalidModel, "'join' cannot join", "5 x 5 convolution 'wide'", "padding 2 would fit")
    let result = try convert(file.bytes, options: fixing)
    #expect(result.paddingFixes.map(\.layer) == ["wide"])
    file.change("wide") { $0.attributes = [ONNXFile.ints("pads", [2, 2, 2, 2])] }
    try expectEqual(result, try convert(file.bytes))
  }
}
