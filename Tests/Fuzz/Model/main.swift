import FuzzSupport

@testable import Conversion
@testable import FuzzSupport
@testable import GoogLeNet

// Model files without their checksum, which is appended here so that mutations get past it. A model that is small enough
// to run runs.

func networks() throws -> [Network] {
  let small = try CaffeFile.small(legacy: false).bytes.withUnsafeBytes { bytes in
    try Converter.convert(bytes: bytes, named: "seed", options: ConversionOptions()).network
  }
  var half = small
  half.layers = try WeightEncoder.encode(small.layers, as: .float16, ValueBudget(name: "seed", limit: .max))
  half.labels = ["a", "b", "c"]
  var large = try Networks.inception(size: 9)
  large.layers = try WeightEncoder.encode(large.layers, as: .int8, ValueBudget(name: "seed", limit: .max))
  var integer = large
  for index in integer.layers.indices
  where ["conv1/relu", "norm1", "branch2/reduce/relu"].contains(integer.layers[index].name) {
    integer.layers[index].outputScale = 0.0625
  }
  var smallInteger = small
  smallInteger.layers = try WeightEncoder.encode(small.layers, as: .int8, ValueBudget(name: "seed", limit: .max))
  for index in smallInteger.layers.indices where smallInteger.layers[index].name == "relu" {
    smallInteger.layers[index].outputScale = 0.5
  }
  var wideInteger = smallInteger
  for index in wideInteger.layers.indices {
    guard let weights = wideInteger.layers[index].operation.weights else { continue }
    let doubled = weights.bytes.map { 2 * Int16(Int8(bitPattern: $0)) }
    wideInteger.layers[index].operation.weights = try Tensor.integers(
      doubled, scales: weights.scales, dims: weights.dims, ValueBudget(name: "seed", limit: .max))
  }
  let random = (UInt64(0)..<400).map { seed in
    var choices = Choices(seed: seed)
    let limits = RandomNetwork.Limits(side: 12, layers: 10, work: 20_000)
    return NetworkGenerator.network(&choices, limits: limits).network
  }
  return [small, half, large, integer, smallInteger, wideInteger] + random
}

func run(_ model: Model) throws(GoogLeNetError) {
  let preprocessing = model.network.preprocessing
  var work: UInt64 = model.multiplyAddCount
  for index in model.network.layers.indices { work &+= UInt64(model.layerSummary(index).shape.count) * 25 }
  guard work < 4_000_000, preprocessing.inputHeight * preprocessing.inputWidth < 1 << 14 else { return }
  var options = SessionOptions()
  options.threads = 1
  let session = try Session(model: model, options: options)
  let pixels = session.inputHeight * session.inputWidth * preprocessing.channelOrder.channels
  let image = [UInt8](repeating: 100, count: pixels)
  var values = [Float](repeating: 0, count: model.classCount)
  try image.withRawBytes { (bytes) throws(GoogLeNetError) in
    let format: PixelFormat = preprocessing.channelOrder == .gray ? .gray : .rgb
    let batch = try Batch(.pixels(format), data: bytes.baseAddress, count: 1)
    try values.withUnsafeMutableBufferPointer { (buffer) throws(GoogLeNetError) in
      try session.predict(batch, into: buffer)
    }
  }
}

fuzz(seeds: try networks().map(ModelFile.withoutChecksum)) { bytes throws(GoogLeNetError) in
  let file = try ModelFile.withChecksum(bytes)
  guard let copy = HeapBlock(byteCount: file.count) else { return }
  file.withUnsafeBytes { copy.mutableBytes.copyMemory(from: $0) }
  try run(try Model(memory: copy))
}
