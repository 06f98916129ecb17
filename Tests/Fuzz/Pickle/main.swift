import GoogLeNet

@testable import Conversion
@testable import FuzzSupport

// Pickles, in an archive that is made around them here: the checksums of a zip file would stop mutations.

let storages: [(key: String, bytes: [UInt8])] = (0..<4).map { ("\($0)", [UInt8](repeating: 63, count: 96)) }

func pickles() -> [[UInt8]] {
  var tensors = PickleWriter()
  tensors.emptyDictionary()
  tensors.mark()
  let kinds: [(kind: String, dims: [Int])] = [
    ("FloatStorage", [2, 3, 2, 2]), ("HalfStorage", [4]), ("BFloat16Storage", []), ("DoubleStorage", [3, 4]),
  ]
  for (index, (kind, dims)) in kinds.enumerated() {
    tensors.text("layer\(index).weight")
    tensors.tensor(storage: "\(index)", kind: kind, count: index == 3 ? 12 : 24, dims: dims)
  }
  tensors.text("view")
  tensors.tensor(storage: "0", count: 24, offset: 1, dims: [3, 4], strides: [1, 3])
  tensors.opcode("u")

  var nested = PickleWriter()
  nested.emptyDictionary()
  nested.mark()
  nested.text("epoch")
  nested.integer(3)
  nested.text("classes")
  nested.opcode("]")
  nested.mark()
  for name in ["a", "b"] { nested.text(name) }
  nested.opcode("e")
  nested.text("state_dict")
  let wrapped = nested.bytes + tensors.bytes.dropFirst(2) + [UInt8]("u.".utf8)

  // Protocol 4: a frame, short strings, memoized and looked up, every kind of number and container.
  func short(_ text: String) -> [UInt8] { [0x8C, UInt8(text.utf8.count)] + text.utf8 + [0x94] }
  var newer: [UInt8] = [0x80, 4, 0x95, 0, 0, 0, 0, 0, 0, 0, 0, 0x7D, 0x94, 0x28]
  newer += short("w") + short("torch._utils") + short("_rebuild_tensor_v2") + [0x93, 0x94, 0x28, 0x28]
  newer += short("storage") + short("torch") + short("FloatStorage") + [0x93, 0x94]
  newer += short("0") + short("cpu") + [0x4B, 24, 0x74, 0x51, 0x4B, 0, 0x4B, 2, 0x4B, 3, 0x86, 0x4B, 3, 0x4B, 1, 0x86]
  newer += [0x89] + short("collections") + short("OrderedDict") + [0x93, 0x29, 0x52, 0x74, 0x94, 0x52, 0x94]
  newer += short("numbers") + [0x5D, 0x94, 0x28, 0x4E, 0x88, 0x4D, 1, 2, 0x4A, 1, 2, 3, 4, 0x8A, 2, 1, 2]
  newer += [0x47, 63, 240, 0, 0, 0, 0, 0, 0, 0x68, 1, 0x43, 1, 65, 0x8F, 0x28, 0x4B, 1, 0x90, 0x65, 0x75, 0x2E]

  // A module of TorchScript: a convolution's padding and weights.
  var script = PickleWriter()
  script.global("__torch__.torch.nn.modules.conv", "Conv2d")
  script.opcode(")")
  script.opcode("\u{81}")
  script.emptyDictionary()
  script.mark()
  script.text("_reversed_padding_repeated_twice")
  script.global("torch.jit._pickle", "build_intlist")
  script.mark()
  script.opcode("]")
  script.mark()
  for side in [1, 2, 3, 4] { script.integer(side) }
  script.opcode("e")
  script.opcode("t")
  script.opcode("R")
  script.text("weight")
  script.tensor(storage: "0", count: 24, dims: [2, 3])
  script.opcode("u")
  script.opcode("b")
  return [tensors.finished, wrapped, newer, script.finished]
}

/// As a state dict, and as TorchScript, which has other classes.
fuzz(seeds: pickles()) { bytes throws(GoogLeNetError) in
  let pickle = [UInt8](bytes)
  var failure: GoogLeNetError?
  for archive in [
    TorchFile.archive(pickle: pickle, storages: storages),
    TorchFile.zip(
      [("small/data.pkl", pickle), ("small/constants.pkl", [])] + storages.map { ("small/data/\($0.key)", $0.bytes) }),
  ] {
    do throws(GoogLeNetError) {
      try archive.withRawBytes { (bytes) throws(GoogLeNetError) in
        try readAll(torchArchive: InputFile(name: "input", folder: nil, bytes: bytes))
      }
    } catch { failure = error }
  }
  if let failure { throw failure }
}
