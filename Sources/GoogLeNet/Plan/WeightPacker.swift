import CKernels
import CPlatform

/// Packs the weights of many convolutions on a session's threads, or finds them packed already.
struct WeightPacker {
  struct Job {
    let key: PackedWeights.Key
    /// Bytes of the packed form.
    let size: Int
    /// Bytes that packing works in, and of the file that leave memory afterwards.
    let workspaceBytes: Int
    let droppedBytes: Int
    /// Runs on any thread and allocates nothing.
    let pack: (_ packed: UnsafeMutableRawPointer, _ workspace: UnsafeMutableRawPointer) -> Void
  }

  let model: Model
  let allocator: BlockAllocator

  /// The packed weights of each job, in their order, kept by `weights`. New ones lie one after another, so that kernels which ask
  /// for the next weights ahead run into the next layer's.
  /// - Parameter workspaceBytes: the most that packing may work in, if one thread's workspace does not take more.
  func pack(_ jobs: [Job], _ crew: Crew, _ weights: PlanWeights, workspaceBytes: UInt64) throws(GoogLeNetError)
    -> [PackedWeights]
  {
    var packed: [PackedWeights?] = []
    packed.reserveCapacity(jobs.count)
    for job in jobs {
      packed.append(weights.packedWeights(for: job.key))
    }
    let missing = packed.indices.filter { packed[$0] == nil }
    if !missing.isEmpty {
      let offsets = WeightPacker.offsets(missing.map { jobs[$0].size })
      let whole = try allocator.allocate(offsets[missing.count], for: "packed weights")
      var made: [PackedWeights] = []
      made.reserveCapacity(missing.count)
      for (place, index) in missing.enumerated() {
        let part = AllocatedBlock(partOf: whole, offset: offsets[place], size: jobs[index].size)
        made.append(PackedWeights(part, for: jobs[index].key))
      }
      try pack(missing.map { jobs[$0] }, made, crew, workspaceBytes)
      try Allocation.check()
      for (place, index) in missing.enumerated() {
        packed[index] = weights.share(made[place])
      }
    }
    let found = packed.compactMap { $0 }
    for (job, it) in zip(jobs, found) where it.block.size != job.size {
      throw GoogLeNetError(
        .unsupported,
        "\(model.source): layer '\(model.network.layers[job.key.layer].name)' has packed weights of "
          + "\(it.block.size) bytes where \(job.size) are needed: this is a fault of libgooglenet, please report it"
      )
    }
    return found
  }

  /// Packs each job, every thread in a workspace of its own.
  private func pack(_ jobs: [Job], _ packed: [PackedWeights], _ crew: Crew, _ limit: UInt64) throws(GoogLeNetError) {
    let stride = WeightPacker.workspaceBytes(jobs)
    let threads = Int(min(UInt64(min(crew.threads, jobs.count)), max(1, limit / UInt64(max(stride, 1)))))
    let (size, overflow) = stride.multipliedReportingOverflow(by: threads)
    guard !overflow, let workspace = gln_allocate_aligned(size, Int(GLN_ALIGNMENT)) else {
      throw GoogLeNetError(.outOfMemory, "no memory to pack weights in")
    }
    defer { gln_free_aligned(workspace) }
    try Allocation.check()
    try model.memory?.beginReading()
    defer { model.memory?.endReading() }
    try crew.forEach(jobs.count, atMost: threads) { index, thread in
      jobs[index].pack(packed[index].block.base, workspace + thread * stride)
    }
  }

  /// What a thread works in that packs any of the jobs.
  static func workspaceBytes(_ jobs: [Job]) -> Int {
    var largest = 0
    for job in jobs { largest = max(largest, job.workspaceBytes) }
    return aligned(largest)
  }

  /// Where blocks of these sizes begin, and where the last ends.
  private static func offsets(_ sizes: [Int]) -> [Int] {
    var offsets = [0]
    offsets.reserveCapacity(sizes.count + 1)
    var end = 0
    for size in sizes {
      end += aligned(size)
      offsets.append(end)
    }
    return offsets
  }

  /// A size in whole units of the kernels' alignment.
  static func aligned(_ size: Int) -> Int { (size + Int(GLN_ALIGNMENT) - 1) / Int(GLN_ALIGNMENT) * Int(GLN_ALIGNMENT) }

  /// Packs a float32 convolution, with the layers folded into it: its groups one after another, each aligned.
  /// - Parameters:
  ///   - shape: of one group.
  ///   - workspace: `floatWorkspaceBytes`.
  @_optimize(speed)
  static func pack(
    _ it: GraphNode.Convolution, _ shape: gln_f32_convolution, _ record: gln_f32_convolution_algorithm,
    into packed: UnsafeMutableRawPointer, _ workspace: UnsafeMutableRawPointer
  ) {
    var shape = shape
    let step = aligned(record.packed_size?(&shape) ?? 0)
    let outputs = it.groupOutputs
    let bias = workspace.assumingMemoryBound(to: Float.self)
    let weights = bias + outputs
    for group in 0..<it.groups {
      let rows = group * outputs..<(group + 1) * outputs
      let destination = (packed + group * step).assumingMemoryBound(to: Float.self)
      if let stored = it.bias { stored.copyFloats(rows: rows, into: bias) }
      if it.isPackedInPlace, let start = it.weights.bytes.baseAddress {
        let stored = start.assumingMemoryBound(to: Float.self) + rows.lowerBound * it.depth
        record.pack?(&shape, stored, it.bias == nil ? nil : bias, destination)
        continue
      }
      it.weights.copyFloats(rows: rows, into: weights)
      if let (scale, shift) = it.affine {
        for output in 0..<outputs {
          let factor = scale[rows.lowerBound + output]
          bias[output] = (it.bias == nil ? 0 : bias[output]) * factor + shift[rows.lowerBound + output]
          for index in output * it.depth..<(output + 1) * it.depth { weights[index] *= factor }
        }
      }
      record.pack?(&shape, weights, it.bias == nil && it.affine == nil ? nil : bias, destination)
    }
    it.dropPages()
  }
}
