/// Small checkpoints of narrow GoogLeNets, serialized for tests.
struct TorchFile {
  struct Tensor {
    var key: String
    var dims: [Int]
    var values: [Float]
  }

  var tensors: [Tensor]

  /// Every convolution has `width` outputs, the network three classes; `wideKernel` is that of the third branches.
  /// - Parameter isPlain: with a bias for each convolution instead of a batch normalization.
  init(wideKernel: Int = 3, width: Int = 1, isPlain: Bool = false) {
    tensors = []
    func convolution(_ name: String, _ inputs: Int, _ kernel: Int, to tensors: inout [Tensor]) {
      let count = width * inputs * kernel * kernel
      tensors.append(
        Tensor(
          key: "\(name).conv.weight", dims: [width, inputs, kernel, kernel],
          values: (0..<count).map { Float($0 % 5) - 2 }))
      guard !isPlain else {
        tensors.append(
          Tensor(key: "\(name).conv.bias", dims: [width], values: [Float](repeating: 7, count: width)))
        return
      }
      for (field, value) in [("weight", 2), ("bias", 3), ("running_mean", 1), ("running_var", 0.249)]
        as [(String, Float)]
      {
        tensors.append(
          Tensor(key: "\(name).bn.\(field)", dims: [width], values: [Float](repeating: value, count: width)))
      }
    }
    convolution("conv1", 3, 7, to: &tensors)
    convolution("conv2", width, 1, to: &tensors)
    convolution("conv3", width, 3, to: &tensors)
    var inputs = width
    for block in ["3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b"] {
      let name = "inception\(block)"
      convolution("\(name).branch1", inputs, 1, to: &tensors)
      convolution("\(name).branch2.0", inputs, 1, to: &tensors)
      convolution("\(name).branch2.1", width, 3, to: &tensors)
      convolution("\(name).branch3.0", inputs, 1, to: &tensors)
      convolution("\(name).branch3.1", width, wideKernel, to: &tensors)
      convolution("\(name).branch4.1", inputs, 1, to: &tensors)
      inputs = 4 * width
    }
    tensors.append(Tensor(key: "fc.weight", dims: [3, inputs], values: [Float](repeating: 0.5, count: 3 * inputs)))
    tensors.append(Tensor(key: "fc.bias", dims: [3], values: [1, 2, 3]))
  }

  // MARK: - Zip archive

  /// As `torch.save(state_dict)` writes it.
  var archive: [UInt8] {
    TorchFile.archive(
      pickle: pickle, storages: tensors.enumerated().map { ("\($0)", littleEndian($1.values)) })
  }

  static func archive(pickle: [UInt8], storages: [(key: String, bytes: [UInt8])], deflated: Bool = false) -> [UInt8] {
    zip(
      [("small/data.pkl", pickle), ("small/byteorder", [UInt8]("little".utf8))]
        + storages.map { ("small/data/\($0.key)", $0.bytes) }, deflated: deflated)
  }

  /// - Parameter deflated: as a deflate stream of one stored block.
  static func zip(_ entries: [(name: String, content: [UInt8])], deflated: Bool = false) -> [UInt8] {
    func little(_ value: Int, _ count: Int) -> [UInt8] {
      (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
    var file: [UInt8] = []
    var directory: [UInt8] = []
    for (name, content) in entries {
      let data = deflated ? [1] + little(content.count, 2) + little(~content.count, 2) + content : content
      let common =
        little(20, 2) + little(0, 2) + little(deflated ? 8 : 0, 2) + little(0, 4) + little(Int(crc32(content)), 4)
        + little(data.count, 4) + little(content.count, 4) + little(name.utf8.count, 2) + little(0, 2)
      directory += little(0x0201_4B50, 4) + little(20, 2) + common + little(0, 10) + little(file.count, 4) + name.utf8
      file += little(0x0403_4B50, 4) + common + name.utf8 + data
    }
    let end = little(0x0605_4B50, 4) + little(0, 4) + little(entries.count, 2) + little(entries.count, 2)
    return file + directory + end + little(directory.count, 4) + little(file.count, 4) + little(0, 2)
  }

  private static func crc32(_ bytes: [UInt8]) -> UInt32 {
    var crc: UInt32 = .max
    for byte in bytes {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc >> 1 ^ (crc & 1 == 1 ? 0xEDB8_8320 : 0) }
    }
    return ~crc
  }

  // MARK: - Pickle

  var pickle: [UInt8] {
    var pickle = PickleWriter()
    pickle.emptyDictionary()
    pickle.mark()
    for (index, tensor) in tensors.enumerated() {
      pickle.text(tensor.key)
      pickle.tensor(storage: "\(index)", count: tensor.values.count, dims: tensor.dims)
    }
    pickle.opcode("u")
    return pickle.finished
  }

  // MARK: - TorchScript

  /// As `torch.jit.save` writes it: modules in modules, and code.
  /// - Parameter paddings: of convolutions by their keys, each left, right, top, bottom.
  func script(code: String, paddings: [String: [Int]] = [:]) -> [UInt8] {
    var pickle = PickleWriter()
    writeModule("", paddings, &pickle)
    let storages = tensors.enumerated().map { (name: "small/data/\($0)", content: littleEndian($1.values)) }
    return TorchFile.zip(
      [
        ("small/data.pkl", pickle.finished), ("small/constants.pkl", [0x80, 2, 0x29, UInt8(ascii: ".")]),
        ("small/code/__torch__/googlenet.py", [UInt8](code.utf8)),
      ] + storages)
  }

  private func writeModule(_ prefix: String, _ paddings: [String: [Int]], _ pickle: inout PickleWriter) {
    pickle.global("__torch__.googlenet", "Module")
    pickle.opcode(")")
    pickle.opcode("\u{81}")
    pickle.emptyDictionary()
    pickle.mark()
    pickle.text("_reversed_padding_repeated_twice")
    pickle.global("torch.jit._pickle", "build_intlist")
    pickle.mark()
    pickle.opcode("]")
    pickle.mark()
    for side in paddings[String(prefix.dropLast())] ?? [] { pickle.integer(side) }
    pickle.opcode("e")
    pickle.opcode("t")
    pickle.opcode("R")
    var modules: Set<String> = []
    for (index, tensor) in tensors.enumerated() where tensor.key.hasPrefix(prefix) {
      let rest = tensor.key.dropFirst(prefix.count).split(separator: ".")
      if rest.count == 1 {
        pickle.text(String(rest[0]))
        pickle.tensor(storage: "\(index)", count: tensor.values.count, dims: tensor.dims)
      } else if modules.insert(String(rest[0])).inserted {
        pickle.text(String(rest[0]))
        writeModule("\(prefix)\(rest[0]).", paddings, &pickle)
      }
    }
    pickle.opcode("u")
    pickle.opcode("b")
  }

  // MARK: - safetensors

  var safetensors: [UInt8] {
    var header = "{\"__metadata__\":{\"format\":\"pt\"}"
    var data: [UInt8] = []
    for tensor in tensors {
      let bytes = littleEndian(tensor.values)
      let dims = tensor.dims.map(String.init).joined(separator: ",")
      header +=
        ",\"\(tensor.key)\":{\"dtype\":\"F32\",\"shape\":[\(dims)],\"data_offsets\":[\(data.count),\(data.count + bytes.count)]}"
      data += bytes
    }
    return TorchFile.safetensors(header: header + "}", data: data)
  }

  static func safetensors(header: String, data: [UInt8]) -> [UInt8] {
    withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { [UInt8]($0) } + header.utf8 + data
  }
}
