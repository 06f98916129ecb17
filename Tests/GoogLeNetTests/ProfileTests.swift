import Testing

@testable import GoogLeNet

/// What a profile says of the operations, and what memory reports add up to.
@Suite struct ProfileTests {
  private struct Seen {
    let image: Int
    let operation: PlannedOperation
    let nanoseconds: UInt64
  }

  private func profile(_ session: Session, count: Int = 1) throws -> [Seen] {
    let pixels = [UInt8](repeating: 50, count: count * session.inputHeight * session.inputWidth * 3)
    var seen: [Seen] = []
    try pixels.withUnsafeBytes { bytes in
      let batch = try Batch(.pixels(.rgb), data: bytes.baseAddress, count: count)
      try session.profile(batch) { seen.append(Seen(image: $0, operation: $1, nanoseconds: $2)) }
    }
    return seen
  }

  @Test(arguments: [Backend.native, .openBLAS], [1, 3])
  func everyLayerThatComputesIsInOneOperation(backend: Backend, threads: Int) throws {
    let model = try Model(network: try Networks.inception())
    var options = SessionOptions()
    options.backend = backend
    options.threads = threads
    let seen = try profile(try Session(model: model, options: options), count: 2)
    #expect(seen.map(\.image) == seen.indices.map { $0 * 2 / seen.count })
    let operations = seen.filter { $0.image == 1 }.map(\.operation)
    #expect(operations[0].layers.isEmpty)
    #expect(operations.map { "\($0.kernel)" } == seen.filter { $0.image == 0 }.map { "\($0.operation.kernel)" })
    let layers = operations.flatMap(\.layers)
    let names = layers.map { model.network.layers[$0].name }
    let joins = names.filter { $0 == "joined" }.count
    #expect(names.count - max(joins - 1, 0) == Set(names).count)
    // One copy of a value that already lies elsewhere in a concatenation; the others cost nothing.
    #expect(Set(model.network.layers.map(\.name)).subtracting(names) == ["module", "dropout"])
    #expect(operations.reduce(0) { $0 + $1.multiplyAdds } == model.multiplyAddCount)
    #expect(operations.allSatisfy { $0.multiplications == $0.multiplyAdds && $0.precision == .float32 })
    #expect(seen.allSatisfy { $0.nanoseconds < 10_000_000_000 })
    let folded = try #require(operations.first { $0.layers.count == 3 })
    #expect(folded.layers.map { model.network.layers[$0].name } == ["grouped", "grouped/bn", "grouped/relu"])
    #expect("\(folded.kind)" == "Convolution")
    #expect("\(folded.kernel)" == (backend == .native ? "direct" : "im2col + sgemm"))
  }

  @Test(arguments: [
    // Kernel, image size, tiles × products of each.
    (3, 30, "Winograd F(4x4, 3x3)", 64 * 36), (3, 12, "Winograd F(2x2, 3x3)", 36 * 16),
    (5, 12, "Winograd F(2x2, 5x5)", 36 * 36),
  ])
  func winogradMultiplications(kernel: Int, size: Int, name: String, products: Int) throws {
    var global = Pooling(.average)
    global.global = true
    let network = Networks.network(
      [
        try Networks.convolution("widen", "data", 3, 32, kernel: 1), Networks.relu("relu", "widen"),
        try Networks.convolution("wide", "relu", 32, 48, kernel: kernel, padding: kernel / 2),
        Layer(name: "pool", inputs: ["wide"], operation: .pooling(global)),
        Layer(name: "prob", inputs: ["pool"], operation: .softmax),
      ], size: size)
    let session = try Session(model: try Model(network: network))
    let wide = try #require(try profile(session).first { $0.operation.shape.channels == 48 }).operation
    #expect(wide.multiplyAdds == UInt64(size * size * kernel * kernel * 32 * 48))
    #expect("\(wide.kernel)" == name)
    #expect(wide.multiplications == UInt64(products * 32 * 48))
    var options = SessionOptions()
    options.algorithm = .direct
    let direct = try profile(try Session(model: session.model, options: options))
    #expect(direct.contains { $0.operation.multiplications == wide.multiplyAdds })
  }

  @Test func memoryAddsUp() throws {
    let session = try Session(model: try Model(network: try Networks.inception()))
    let memory = session.memory
    #expect(memory.model == 0)
    #expect(memory.weights == session.weightBytes)
    #expect(memory.arena + memory.scratch == session.activationBytes)
    #expect(memory.picture == 17 * 17 * 3)
    #expect(memory.peak >= memory.weights + memory.arena + memory.scratch + memory.picture)
  }

  @Test func filePagesLeaveAsWeightsArePacked() {
    var memory = PackingMemory(fileBytes: 100, threads: 1)
    memory.pack(50, temporary: 0, dropped: 40)
    #expect(memory.peak == 150)
    memory.pack(60, temporary: 10, dropped: 50)
    #expect(memory.peak == 60 + 50 + 60 + 10)
    #expect(memory.final == 10 + 110)
    var shared = PackingMemory(fileBytes: 100, threads: 3)
    shared.pack(50, temporary: 5, dropped: 40)
    // No more layers at once than there are, the largest of them.
    #expect(shared.peak == 155)
    shared.pack(1, temporary: 20, dropped: 0)
    #expect(shared.peak == 155 + 45)
    shared.pack(1, temporary: 30, dropped: 0)
    shared.pack(1, temporary: 1, dropped: 0)
    #expect(shared.peak == 155 + 45 + 30)
  }
}
