import Conversion
import Foundation
import GoogLeNet
import Testing

@Suite struct TorchTests {
  @Test(arguments: [3, 5]) func checkpointAndSafetensorsGiveTheSameNetwork(wideKernel: Int) throws {
    let file = TorchFile(wideKernel: wideKernel, width: 2)
    let checkpoint = try convert(file.archive), tensors = try convert(file.safetensors)
    #expect(checkpoint.source == .pyTorch)
    #expect(tensors.source == .safetensors)
    #expect(checkpoint.variant == "GoogLeNet of other widths")
    #expect(checkpoint.network.layers.count == 139)
    #expect(checkpoint.notes.contains { $0.contains("transform_input") } == (wideKernel == 3))
    for (left, right) in zip(checkpoint.network.layers, tensors.network.layers) { try expectEqual(left, right) }
    for layer in checkpoint.network.layers where layer.name == "inception4b.branch3.1" {
      guard case .convolution(let convolution) = layer.operation else { continue }
      #expect(convolution.kernelHeight == wideKernel)
      let half = wideKernel / 2
      #expect(convolution.border == .explicit(Padding(top: half, left: half, bottom: half, right: half)))
    }
    // Scale 2 / sqrt(0.249 + 0.001) = 4, shift 3 − 1·4.
    guard case .convolution(let first) = checkpoint.network.layers[0].operation else {
      Issue.record("not a convolution")
      return
    }
    #expect(abs(first.weights.floats()[0] + 8) < 1e-6)
    #expect(abs((first.bias?.floats()[0] ?? 0) + 1) < 1e-6)
  }

  @Test func prefixesAndUntrainedKeysDoNotMatter() throws {
    var file = TorchFile()
    file.tensors += [
      TorchFile.Tensor(key: "aux1.conv.conv.weight", dims: [1], values: [0]),
      TorchFile.Tensor(key: "conv1.bn.num_batches_tracked", dims: [1], values: [7]),
    ]
    for index in file.tensors.indices { file.tensors[index].key = "module." + file.tensors[index].key }
    let result = try convert(file.archive)
    #expect(result.network.layers.first?.name == "conv1")
    #expect(result.notes.contains { $0.contains("'aux1' (1 tensors)") })
  }

  @Test func wrappersOfTrainingLoopsDoNotMatter() throws {
    for prefix in ["model.", "backbone.", "module._orig_mod.net."] {
      var file = TorchFile()
      for index in file.tensors.indices { file.tensors[index].key = prefix + file.tensors[index].key }
      #expect(try convert(file.archive).network.layers.count == 139)
    }
  }

  @Test func plainConvolutionsKeepTheirBias() throws {
    var file = TorchFile(wideKernel: 5, isPlain: true)
    let result = try convert(file.archive)
    #expect(result.notes.contains { $0.contains("no batch normalizations") })
    guard case .convolution(let first) = result.network.layers[0].operation else {
      Issue.record("not a convolution")
      return
    }
    #expect(first.weights.floats()[0] == -2)
    #expect(first.bias?.floats() == [7])
    // Convolutions may also stand alone, not in a module.
    for index in file.tensors.indices {
      file.tensors[index].key = file.tensors[index].key.replacingOccurrences(of: ".conv.", with: ".")
    }
    let other = try convert(file.safetensors)
    for (left, right) in zip(result.network.layers, other.network.layers) { try expectEqual(left, right) }
    file.tensors.removeAll { $0.key == "conv2.bias" }
    expectError(file.archive, .unsupported, "'conv2.bn.weight' is missing")
  }

  @Test func scriptsAreReadForTheirTensors() throws {
    let file = TorchFile(width: 2)
    let wanted = try convert(file.archive)
    let result = try convert(file.script(code: "class GoogLeNet(Module):\n  transform_input : Final[bool] = False\n"))
    #expect(result.source == .torchScript)
    #expect(result.network.preprocessing == wanted.network.preprocessing)
    for (left, right) in zip(result.network.layers, wanted.network.layers) { try expectEqual(left, right) }
    for code in ["  transform_input : Final[bool] = True\n", "  _0 = torch.unsqueeze(torch.select(x, 1, 0), 1)\n"] {
      let preprocessing = try convert(file.script(code: code)).network.preprocessing
      for channel in 0..<3 {
        #expect(abs(preprocessing.mean[channel] - 127.5) < 1e-3)
        #expect(abs(preprocessing.scale[channel] * 127.5 - 1) < 1e-5)
      }
    }
    // Outside of scripts such classes stay unknown, and scripts may call nothing else either.
    var pickle = PickleWriter()
    pickle.global("__torch__.googlenet", "Module")
    expectError(TorchFile.archive(pickle: pickle.finished, storages: []), .unsupported, "'__torch__.googlenet.Module'")
    var evil = PickleWriter()
    evil.global("os", "system")
    expectError(
      TorchFile.zip([("m/data.pkl", evil.finished), ("m/constants.pkl", [])]), .unsupported, "'os.system'", "executed")
    var frozen = PickleWriter()
    frozen.emptyDictionary()
    expectError(
      TorchFile.zip([("m/data.pkl", frozen.finished), ("m/constants.pkl", [])]), .unsupported, "without tensors")
  }

  /// With torchvision's keys and kernels pictures are resized as torchvision does.
  @Test func theResizeRuleIsTorchvisionsForItsOwnNetwork() throws {
    let own = try convert(TorchFile().archive)
    #expect(own.network.preprocessing.resizeRule == .torchvision)
    #expect(own.preprocessingReason == "channel order, mean, scale, resize rule: torchvision's convention")
    #expect(try convert(TorchFile().script(code: "")).network.preprocessing.resizeRule == .torchvision)
    for other in [TorchFile(wideKernel: 5), TorchFile(isPlain: true)] {
      let result = try convert(other.archive)
      #expect(result.network.preprocessing.resizeRule == .shortSide)
      #expect(
        result.preprocessingReason.hasSuffix("torchvision's convention; resize rule: short-side, for nothing tells it"))
    }
  }

  @Test func transformInputIsAnOption() throws {
    var options = ConversionOptions()
    options.transformInput = true
    let result = try convert(TorchFile().archive, options: options)
    #expect(abs(result.network.preprocessing.mean[2] - 127.5) < 1e-3)
    #expect(result.network.layers.first?.name == "conv1")
    #expect(result.network.layers.first?.inputs == ["input"])
    options.transformInput = false
    let off = try convert(TorchFile().script(code: "transform_input : Final[bool] = True"), options: options)
    #expect(abs(off.network.preprocessing.mean[2] - 255 * 0.406) < 1e-3)
    #expect(off.notes.contains { $0.contains("transform_input is off, as asked for") })
    expectError(ONNXFile.small().bytes, .invalidArgument, "transform_input belongs to PyTorch", options: options)
  }

  @Test func mismatchesAreNamed() {
    func changed(_ key: String, _ change: (inout TorchFile, Int) -> Void) -> [UInt8] {
      var file = TorchFile()
      change(&file, file.tensors.firstIndex { $0.key == key } ?? 0)
      return file.archive
    }
    expectError(changed("conv3.bn.bias") { $0.tensors.remove(at: $1) }, .unsupported, "'conv3.bn.bias' is missing")
    expectError(
      changed("conv3.bn.bias") { file, index in file.tensors[index].key = "conv3.bn.offset" }, .unsupported,
      "'conv3.bn.bias' is missing")
    expectError(
      changed("") { file, _ in file.tensors.append(TorchFile.Tensor(key: "head.weight", dims: [1], values: [0])) },
      .unsupported, "'head.weight' is unexpected")
    expectError(
      changed("inception3b.branch1.conv.weight") { file, index in
        file.tensors[index].dims = [1, 2, 1, 2]
      }, .unsupported, "'inception3b.branch1.conv.weight' has the shape [1, 2, 1, 2]: [1, 4, 1, 1] is expected")
    expectError(changed("fc.bias") { $0.tensors[$1].values[0] = .infinity }, .invalidModel, "'fc'")
    expectError(
      changed("conv1.bn.running_var") { $0.tensors[$1].values[0] = -1 }, .invalidModel, "conv1.bn.running_var")
  }

  @Test func classesBecomeLabels() throws {
    var pickle = PickleWriter()
    pickle.emptyDictionary()
    pickle.mark()
    pickle.text("epoch")
    pickle.integer(3)
    pickle.text("classes")
    pickle.opcode("]")
    pickle.mark()
    for name in ["a", "b", "c"] { pickle.text(name) }
    pickle.opcode("e")
    pickle.text("state_dict")
    let file = TorchFile()
    let inner = file.pickle
    let bytes = pickle.bytes + inner[2..<inner.count - 1] + [UInt8(ascii: "u"), UInt8(ascii: ".")]
    let storages = file.tensors.enumerated().map { ("\($0)", littleEndian($1.values)) }
    for deflated in [false, true] {
      let archive = TorchFile.archive(pickle: bytes, storages: storages, deflated: deflated)
      #expect(try convert(archive).network.labels == ["a", "b", "c"])
      var options = ConversionOptions()
      options.labels = ["x", "y", "z"]
      #expect(try convert(archive, options: options).network.labels == ["x", "y", "z"])
      options.labels = ["x", "y"]
      expectError(archive, .invalidArgument, "2 labels, 3 classes", options: options)
    }
  }

  @Test func viewsOfStoragesAreFollowed() throws {
    let file = TorchFile()
    // The classifier's weights as a transposed view that begins at the second value of a longer storage.
    let values: [Float] = [99] + (0..<12).map(Float.init)
    func archive(offset: Int, strides: [Int], count: Int = 13, kind: String = "FloatStorage") -> [UInt8] {
      var pickle = PickleWriter()
      pickle.emptyDictionary()
      pickle.mark()
      for (index, tensor) in file.tensors.enumerated() {
        pickle.text(tensor.key)
        if tensor.key == "fc.weight" {
          pickle.tensor(storage: "view", kind: kind, count: count, offset: offset, dims: [3, 4], strides: strides)
        } else {
          pickle.tensor(storage: "\(index)", count: tensor.values.count, dims: tensor.dims)
        }
      }
      pickle.opcode("u")
      let storages = file.tensors.enumerated().map { (key: "\($0)", bytes: littleEndian($1.values)) }
      return TorchFile.archive(pickle: pickle.finished, storages: storages + [("view", littleEndian(values))])
    }
    let result = try convert(archive(offset: 1, strides: [1, 3]))
    guard case .innerProduct(let product)? = result.network.layers.first(where: { $0.name == "fc" })?.operation else {
      Issue.record("no classifier")
      return
    }
    #expect(product.weights.floats() == [0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11])
    expectError(archive(offset: 2, strides: [1, 3]), .invalidModel, "'fc.weight'", "beyond its storage")
    expectError(archive(offset: -1, strides: [4, 1]), .invalidModel, "'fc.weight'", "beyond its storage")
    expectError(archive(offset: 1, strides: [4, -1]), .invalidModel, "'fc.weight'", "beyond its storage")
    expectError(archive(offset: 1, strides: [.max, 1]), .invalidModel, "'fc.weight'", "beyond its storage")
    expectError(archive(offset: 1, strides: [4, 1], count: 14), .invalidModel, "'fc.weight'", "52")
    expectError(archive(offset: 0, strides: [4, 1], kind: "LongStorage"), .unsupported, "'fc.weight'", "int64")
  }

  @Test func picklesThatCallAnythingElseAreRefused() {
    func archive(_ build: (inout PickleWriter) -> Void) -> [UInt8] {
      var pickle = PickleWriter()
      build(&pickle)
      return TorchFile.archive(pickle: pickle.finished, storages: [])
    }
    expectError(
      archive {
        $0.global("posix", "system")
        $0.mark()
        $0.text("true")
        $0.opcode("t")
        $0.opcode("R")
      }, .unsupported, "'posix.system'")
    expectError(archive { $0.global("torchvision.models.googlenet", "GoogLeNet") }, .unsupported, "state_dict()")
    expectError(archive { $0.emptyDictionary() }, .unsupported, "no dictionary of tensors")
    expectError(archive { $0.integer(1) }, .unsupported, "not a dictionary")
    expectError(archive { $0.opcode("0") }, .invalidModel, "a value is missing")
    expectError(archive { $0.opcode("u") }, .invalidModel, "a mark is missing")
    expectError(archive { $0.opcode("Z") }, .invalidModel, "opcode 90")
    // A list that contains itself, and lists nested far deeper than any stack.
    expectError(
      archive {
        $0.opcode("]")
        $0.opcode("2")
        $0.opcode("a")
      }, .unsupported, "not a dictionary")
    expectError(
      archive {
        for _ in 0..<150_000 { $0.opcode("]") }
        for _ in 1..<150_000 { $0.opcode("a") }
      }, .unsupported, "not a dictionary")
  }

  @Test func archivesOfOtherKindsAreNamed() {
    expectError(TorchFile.zip([("a.txt", [1])]), .unsupported, "without PyTorch's data.pkl")
    expectError(
      TorchFile.zip([("m/data.pkl", []), ("m/byteorder", [UInt8]("big".utf8))]), .unsupported, "byte order 'big'")
    expectError(TorchFile.zip([("m/data.pkl", [])]), .invalidModel, "pickle", "ends too early")
    var broken = TorchFile().archive
    // The first storage's first byte: its checksum no longer fits.
    let place = broken.firstRange(of: Array("data/0".utf8))!.upperBound
    broken[place] ^= 1
    expectError(broken, .invalidModel, "'small/data/0'")
  }

  @Test func safetensorsHeadersAreCheckedStrictly() {
    func tensor(_ fields: String) -> [UInt8] {
      TorchFile.safetensors(header: "{\"a\":{\(fields)}}", data: [0, 0, 0, 0])
    }
    expectError(tensor("\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]"), .unsupported, "is missing")
    for (fields, part) in [
      ("\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]", "does not fit"),
      ("\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[1,5]", "does not fit"),
      ("\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]", "does not fit"),
      ("\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]", "lacks"),
      ("\"dtype\":\"F32\",\"shape\":[9223372036854775807,9],\"data_offsets\":[0,4]", "does not fit"),
      ("\"dtype\":\"F32\",\"shape\":[1e0],\"data_offsets\":[0,4]", "lacks"), ("\"dtype\":\"F32\"", "lacks"),
      ("\"dtype\":\"F32\",\"dtype\":\"F32\"", "twice"), ("\"dtype\":\"F32\",", "a key is expected"),
      ("\"dtype\":\"\\ud800\"", "surrogate"), ("\"dtype\":01", "broken"), ("\"dtype\":tru", "unknown word"),
      ("\"dtype\":" + String(repeating: "[", count: 1000), "nested"),
    ] { expectError(tensor(fields), .invalidModel, part) }
    expectError(tensor("\"dtype\":\"F4\",\"shape\":[1],\"data_offsets\":[0,4]"), .unsupported, "'F4'")
    expectError(TorchFile.safetensors(header: "{}", data: []), .unsupported, "is missing")
    expectError([255, 255, 255, 255, 0, 0, 0, 0] + Array("{}".utf8), .invalidModel, "truncated")
  }
}
