@testable import GoogLeNet

/// libFuzzer's entry for model files: whatever the bytes are, loading them ends in a model or an error, and a model that is small enough to
/// run runs. The input is a model file without its checksum, which is appended here so that mutations get past it.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzzModel(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
  let bytes = UnsafeRawBufferPointer(start: data, count: size)
  do throws(GoogLeNetError) {
    let unsigned = MemoryBlock(borrowing: bytes)
    let layout = try ModelFileLayout(bytes, source: "input", owner: unsigned)
    let checksumTag = UInt8(14 << 3 | 1)
    var file = [UInt8](bytes) + [checksumTag]
    withUnsafeBytes(of: layout.digest.littleEndian) { file.append(contentsOf: $0) }
    guard let copy = HeapBlock(byteCount: file.count) else { return 0 }
    file.withUnsafeBytes { copy.mutableBytes.copyMemory(from: $0) }
    try run(try Model(memory: copy))
  } catch {
    guard error.status != .ok, !error.message.isEmpty else { fatalError("an error that says nothing") }
  }
  return 0
}

private func run(_ model: Model) throws(GoogLeNetError) {
  var work: UInt64 = model.multiplyAddCount
  for index in model.network.layers.indices { work &+= UInt64(model.layerSummary(index).shape.count) * 25 }
  guard work < 20_000_000, model.network.preprocessing.inputHeight * model.network.preprocessing.inputWidth < 1 << 16
  else { return }
  var options = SessionOptions()
  options.threads = 1
  let session = try Session(model: model, options: options)
  let inputs = session.inputHeight * session.inputWidth * model.network.preprocessing.channelOrder.channels
  let image = [UInt8](repeating: 100, count: inputs)
  var values = [Float](repeating: 0, count: model.classCount)
  let format: PixelFormat = model.network.preprocessing.channelOrder == .gray ? .gray : .rgb
  let batch = image.withUnsafeBytes { try? Batch(.pixels(format), data: $0.baseAddress, count: 1) }
  guard let batch else { return }
  try withExtendedLifetime(image) { () throws(GoogLeNetError) in
    try values.withUnsafeMutableBufferPointer { (buffer) throws(GoogLeNetError) in
      try session.predict(batch, into: buffer)
    }
  }
}
