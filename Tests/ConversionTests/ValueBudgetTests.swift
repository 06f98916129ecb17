import Foundation
import GoogLeNet
import Testing

@testable import Conversion

/// Small files that would make much of themselves are refused by the budget of their conversion, before the memory is
/// taken.
@Suite struct ValueBudgetTests {
  @Test func bytesAreGivenBack() throws {
    let budget = ValueBudget(name: "x", limit: 100)
    var charge: ValueCharge? = try budget.charge(60)
    try charge?.add(10)
    #expect(budget.left == 30)
    try budget.lend(30) { #expect(budget.left == 0) }
    #expect(budget.left == 30)
    let error = #expect(throws: GoogLeNetError.self) { try budget.charge(31) }
    #expect(error?.status == .limitExceeded)
    #expect(
      error?.message == "'x': converting it needs at least 101 bytes of memory, 100 are allowed (the memory limit)")
    #expect(throws: GoogLeNetError.self) { try budget.lend(.max) {} }
    charge = nil
    #expect(budget.left == 100)
    try budget.take(100)
    #expect(budget.left == 0)
  }

  @Test func filesAllowEightTimesTheirSizeOnce() throws {
    let budget = ValueBudget(name: "x")
    #expect(budget.left == 64 << 20)
    try withTemporaryFolder { folder in
      let path = try write([UInt8](repeating: 7, count: 1000), "\(folder)/file")
      for _ in 0..<3 { budget.count(try #require(StoredFile(path: path))) }
      #expect(budget.left == 64 << 20 + 8000)
      // A hole of a gigabyte takes nothing of the disk.
      let hollow = "\(folder)/hollow"
      #expect(truncate(try write([1], hollow), 1 << 30) == 0)
      let stored = try #require(StoredFile(path: hollow))
      #expect(stored.byteCount <= 1 << 16)
      try FileManager.default.linkItem(atPath: hollow, toPath: "\(folder)/link")
      #expect(StoredFile(path: "\(folder)/link")?.identity == stored.identity)
    }
  }

  @Test func theLimitCanBeChosen() throws {
    var options = ConversionOptions()
    for bytes in [CaffeFile.small(legacy: false).bytes, ONNXFile.small().bytes, TorchFile().archive] {
      options.memoryLimit = 500
      expectError(bytes, .limitExceeded, "500 are allowed (the memory limit)", options: options)
      let error = #expect(throws: GoogLeNetError.self) { try convert(bytes, options: options) }
      let needed = try #require(error?.message.firstMatch(of: #/needs at least (\d+) bytes/#)?.1)
      #expect(try #require(Int(needed)) > 500)
      options.memoryLimit = 4 << 20
      #expect(throws: Never.self) { try convert(bytes, options: options) }
    }
  }

  /// Storages that many tensors share, of which each is a tensor of its own.
  @Test(.enabled(if: SharedFiles.exist("cases/hostile/amp.pt"), "no shared cases"))
  func sharedStoragesAreRefused() throws {
    let path = SharedFiles.path("cases/hostile/amp.pt")
    let error = #expect(throws: GoogLeNetError.self) {
      try Converter.convert(path: path, options: ConversionOptions())
    }
    #expect(error?.status == .limitExceeded)
    #expect(error?.message.contains("\((64 << 20) + 8 * 66270) are allowed") == true, "\(error?.message ?? "")")
  }

  private func external(_ name: String, _ dims: [Int], _ location: String) -> ONNXFile.Tensor {
    ONNXFile.Tensor(
      name: name, dims: dims,
      content: WireWriter {
        $0.number(2, 1)
        $0.message(13) {
          $0.text(1, "location")
          $0.text(2, location)
        }
        $0.number(14, 1)
      })
  }

  @Test func hollowExternalDataIsRefused() throws {
    try withTemporaryFolder { folder in
      #expect(truncate(try write([], "\(folder)/hollow"), 4 * 54 * 1_000_000) == 0)
      _ = try write([UInt8](repeating: 0, count: 216), "\(folder)/dense")
      var file = ONNXFile.small()
      // The same file under two names counts once.
      file.tensors[0] = external("w", [2, 3, 3, 3], "dense")
      file.tensors.append(external("w2", [2, 3, 3, 3], "./dense"))
      file.tensors.append(external("w3", [54_000_000], "hollow"))
      file.nodes[0].inputs = ["image", "w", "w2", "w3"]
      let path = try write(file.bytes, "\(folder)/model.onnx")
      let error = #expect(throws: GoogLeNetError.self) {
        try Converter.convert(path: path, options: ConversionOptions())
      }
      #expect(error?.status == .limitExceeded)
      #expect(
        error?.message.contains("8 times the \(file.bytes.count + 216) bytes") == true, "\(error?.message ?? "")")
    }
  }

  @Test func emptyMessagesAreRefused() {
    let nodes = [[UInt8]](repeating: [0x0A, 0], count: 600_000).joined()
    let bytes = WireWriter {
      $0.number(1, 8)
      $0.data(7, [UInt8](nodes))
      $0.message(8) { $0.number(2, 13) }
    }.bytes
    expectError(bytes, .limitExceeded, "are allowed (64 MiB, and 8 times the \(bytes.count) bytes")
  }

  @Test func entriesThatUnpackToMuchAreRefused() throws {
    let file = try GoldenFiles.bytes("keras3-paper.keras")
    var options = ConversionOptions()
    options.memoryLimit = 100_000
    expectError(file, .limitExceeded, "100000 are allowed", options: options)
  }

  @Test func rememberedPickleValuesAreRefused() {
    let pickle = [0x80, 4, UInt8(ascii: "N")] + [UInt8](repeating: 0x94, count: 400_000) + [UInt8(ascii: ".")]
    expectError(TorchFile.archive(pickle: pickle, storages: []), .limitExceeded, "are allowed")
  }

  @Test func operatorsThatShareAListAreRefused() {
    expectError(FlatFile(operators: 3, inputs: 4).bytes, .invalidModel, "no operator makes any of its outputs")
    let file = FlatFile(operators: 4000, inputs: 4000).bytes
    #expect(file.count < 40_000)
    expectError(file, .limitExceeded, "are allowed")
  }

  @Test func constantsOfManyDimensionsAreRefused() throws {
    var onnx = ONNXFile.small()
    onnx.tensors.append(ONNXFile.ints("axes", [Int](0..<33)))
    onnx.tensors.append(ONNXFile.floats("one", [], [1]))
    onnx.nodes.insert(ONNXFile.Node(type: "Unsqueeze", inputs: ["one", "axes"], output: "many"), at: 0)
    onnx.nodes[1].inputs[2] = "many"
    expectError(onnx.bytes, .unsupported, "a constant 33 dimensions: at most 32")
    try [UInt8]().withUnsafeBytes { bytes in
      let file = InputFile(name: "test file", folder: nil, bytes: bytes)
      let node = GraphInput(name: "x", file: file)
      let one = try GraphConstant(row: [1], file.budget)
      #expect(try GraphShape.reshaped(node, one, to: [Int](repeating: 1, count: 32)).dims.count == 32)
      let error = #expect(throws: GoogLeNetError.self) {
        try GraphShape.reshaped(node, one, to: [Int](repeating: 1, count: 33))
      }
      #expect(error?.message.contains("33 dimensions") == true)
    }
  }

  @Test func namesOfEntriesAreNotCut() throws {
    let archive = TorchFile.zip([("a\0b", [1])])
    try archive.withUnsafeBytes { bytes in
      let names = try ZipArchive(InputFile(name: "x", folder: nil, bytes: bytes)).names
      #expect(names.map(\.utf8.count) == [3])
    }
  }
}
