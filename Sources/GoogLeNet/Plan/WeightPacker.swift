import CKernels
import CPlatform

/// Packs the weights of many convolutions on a session's threads, or finds them packed already.
struct WeightPacker {
  struct Job {
    let convolution: GraphNode.Convolution
    let group: Int
    let arguments: gln_f32_convolution
    let record: gln_f32_convolution_algorithm
    let key: PackedWeightsCache.Key
    let size: Int
  }

  /// A job whose block is to be filled.
  private struct Work {
    let job: Job
    let block: AllocatedBlock
  }

  let model: Model
  let allocator: BlockAllocator

  /// One block a job, in their order, kept by `storage`.
  func pack(_ jobs: [Job], _ crew: Crew, _ storage: PlanStorage) throws(GoogLeNetError) -> [AllocatedBlock] {
    var packed: [AllocatedBlock?] = []
    var missing: [Int] = []
    var work: [Work] = []
    for (index, job) in jobs.enumerated() {
      let present = model.packedWeights.acquire(job.key)
      if let present {
        storage.keepPackedWeights(present)
      } else {
        missing.append(index)
        work.append(Work(job: job, block: try allocator.allocate(job.size, for: "packed weights")))
      }
      packed.append(present)
    }
    work.withUnsafeBufferPointer { work in
      crew.forEach(work.count) { WeightPacker.fill(work[$0]) }
    }
    for (index, item) in zip(missing, work) {
      let block = model.packedWeights.insert(item.block, for: item.job.key)
      storage.keepPackedWeights(block)
      packed[index] = block
    }
    return packed.compactMap { $0 }
  }

  private static func fill(_ work: Work) {
    let it = work.job.convolution
    let outputs = it.outputChannels / it.groups
    let perOutput = it.inputChannels / it.groups * it.kernelHeight * it.kernelWidth
    let first = work.job.group * outputs
    let destination = work.block.base.assumingMemoryBound(to: Float.self)
    var shape = work.job.arguments
    var bias: [Float]? = it.bias.map { Array($0.floats()[first..<first + outputs]) }
    if it.weights.elementType == .float32, it.affine == nil, let start = it.weights.bytes.baseAddress,
      Int(bitPattern: start) % 4 == 0
    {
      // In place: no copy of the weights is ever made, and their pages may leave memory afterwards.
      let weights = start.assumingMemoryBound(to: Float.self) + first * perOutput
      work.job.record.pack?(&shape, weights, bias, destination)
      if it.groups == 1 { it.weights.owner.dropPages(of: it.weights.bytes) }
      return
    }
    var weights = it.weights.floats()
    if let (scale, shift) = it.affine {
      var shifted = bias ?? [Float](repeating: 0, count: outputs)
      for output in 0..<outputs {
        let factor = scale[first + output]
        shifted[output] = shifted[output] * factor + shift[first + output]
        for index in (first + output) * perOutput..<(first + output + 1) * perOutput { weights[index] *= factor }
      }
      bias = shifted
    }
    weights.withUnsafeBufferPointer {
      work.job.record.pack?(&shape, $0.baseAddress! + first * perOutput, bias, destination)
    }
  }
}
