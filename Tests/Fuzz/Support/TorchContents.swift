import GoogLeNet

@testable import Conversion

/// Reads every tensor of a state dict, and tries to build the network.
func readAll(_ state: StateDict, _ file: InputFile) throws(GoogLeNetError) {
  var failure: GoogLeNetError?
  for key in state.keys {
    do throws(GoogLeNetError) { _ = try state.entries[key]?.read() } catch { failure = error }
  }
  _ = try StateDictImporter.network(
    of: TorchContents(state: state, source: .pyTorch), file: file, options: ConversionOptions())
  if let failure { throw failure }
}

/// Reads everything in a PyTorch archive.
func readAll(torchArchive file: InputFile) throws(GoogLeNetError) {
  try readAll(try TorchArchive(try ZipArchive(file), file).contents().state, file)
}
