import GoogLeNet

@testable import Conversion
@testable import FuzzSupport

// Zip archives: the container, and what PyTorch puts into it.

func archives() -> [[UInt8]] {
  var pickle = PickleWriter()
  pickle.emptyDictionary()
  pickle.text("w")
  pickle.tensor(storage: "0", count: 4, dims: [2, 2])
  pickle.opcode("s")
  let storages = [(key: "0", bytes: littleEndian([1, 2, 3, 4]))]
  return [
    TorchFile.archive(pickle: pickle.finished, storages: storages),
    TorchFile.archive(pickle: pickle.finished, storages: storages, deflated: true),
    TorchFile.zip([("data.pkl", pickle.finished), ("constants.pkl", [])]),
    TorchFile.zip([("model.weights.h5", [1]), ("config.json", [])], deflated: true), TorchFile.zip([]),
  ]
}

fuzz(seeds: archives()) { bytes throws(GoogLeNetError) in
  let file = InputFile(name: "input", folder: nil, bytes: bytes)
  guard FileKind(file) == .zip else { return }
  let archive = try ZipArchive(file)
  for name in archive.names {
    do throws(GoogLeNetError) { _ = try archive.read(name, limit: 1 << 20) } catch { continue }
  }
  try readAll(torchArchive: file)
}
