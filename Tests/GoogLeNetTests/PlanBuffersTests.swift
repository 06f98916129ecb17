import Testing

@testable import GoogLeNet

@Suite struct PlanBuffersTests {
  private func rows(_ session: Session, _ image: [Float]) throws -> [Float] {
    var result = [Float](repeating: .nan, count: session.model.classCount)
    try image.withUnsafeBytes { bytes in
      let batch = try Batch(.tensors, data: bytes.baseAddress, count: 1)
      try result.withUnsafeMutableBufferPointer { try session.predict(batch, into: $0) }
    }
    return result
  }

  /// Nothing that a run changes belongs to the plan.
  @Test func thoseOfOnePlanRunAtTheSameTime() throws {
    let count = 3
    let model = try Model(network: try Networks.inception())
    let crew = try Crew(threads: 1, spinMicroseconds: 0, parallelFor: nil, shared: nil)
    let settings = PlanSettings(
      kernels: try KernelSelection(maxISA: .best), backend: .native, algorithm: .auto, precision: .float32, threads: 1,
      threadsAreApart: false, inputHeight: 17, inputWidth: 17, allocator: BlockAllocator(custom: nil),
      packedWeights: try PackedWeightsCache(of: model), memoryLimit: .max)
    let plan = try PlanBuilder.plan(
      model: model, settings: settings, shapes: try model.shapes(height: 17, width: 17),
      key: PlanKey(input: model.inputShape(17, 17), outputs: [model.outputLayer]), takenBytes: 0, crew: crew)
    let buffers = try (0..<count).map { _ in try PlanBuffers(of: plan) }

    var options = SessionOptions()
    options.threads = 1
    let session = try Session(model: model, options: options)
    var random = RandomNumbers(seed: 3)
    let images = (0..<count).map { _ in random.floats(3 * 17 * 17) }
    let wanted = try images.map { try rows(session, $0) }
    #expect(Set(wanted).count == count)

    let all = try Crew(threads: count, spinMicroseconds: 0, parallelFor: nil, shared: nil)
    try all.forEach(count, atMost: count) { index, _ in
      do {
        let single = try Crew(threads: 1, spinMicroseconds: 0, parallelFor: nil, shared: nil)
        let runner = ImageRunner(buffers: buffers[index], crew: single, progress: nil)
        let location = buffers[index].outputs[0]
        try images[index].withUnsafeBytes { bytes in
          let images = BatchSource(
            batch: try Batch(.tensors, data: bytes.baseAddress, count: 1), channelOrder: .rgb, height: 17, width: 17)
          for _ in 0..<50 {
            var found = [Float](repeating: .nan, count: model.classCount)
            try runner.run(images) { _ in location.copyPlanes(to: &found, nil) }
            #expect(found == wanted[index])
          }
        }
      } catch {
        Issue.record(error)
      }
    }
  }
}
